import { access, chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptInstall } from './aptInstall.ts';
import { provisionFolder } from './places.ts';
import { runLogged } from './runLogged.ts';
import { withLock } from './withLock.ts';

/** Raised whenever the steps below change. */
const recipe = 1;

/**
 * The root file system of another Debian release with its container engines, in .provision/releases. Takes about a
 * minute and 550 MB. Only programs are taken from it: engineCommand.ts says how they are run.
 */
export async function provideRelease(release: string): Promise<string> {
  const root = join(provisionFolder, 'releases', release);
  const marker = join(provisionFolder, 'releases', `${release}.complete`);
  const isComplete = async () => (await readFile(marker, 'utf8').catch(() => '')) === String(recipe);
  if (await isComplete()) return root;
  await aptInstall(
    ['debootstrap', 'unshare', 'pivot_root'],
    ['debootstrap', 'util-linux', 'mount'],
    'Engines of other Debian releases can be had on Debian alone.',
  );
  await withLock(`release-${release}`, async () => {
    if (await isComplete()) return;
    console.log(`Setting up Debian ${release} with its engines in ${root} (about a minute) …`);
    await rm(marker, { force: true });
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true });
    await install(release, root);
    await writeFile(marker, String(recipe));
  });
  return root;
}

async function install(release: string, root: string): Promise<void> {
  const log = `release-${release}`;
  const scripts = '/usr/share/debootstrap/scripts';
  const isKnown = await access(join(scripts, release)).then(
    () => true,
    () => false,
  );
  await runLogged(
    'debootstrap',
    [
      ...['--variant=minbase', '--include=ca-certificates,procps,iptables,xz-utils,pigz'],
      ...[release, root, await debianMirror()],
      // A release newer than the machine's debootstrap is set up as the newest one it knows.
      ...(isKnown ? [] : [join(scripts, 'sid')]),
    ],
    { log },
  );
  // Nothing that is installed starts a service.
  await writeFile(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n');
  await chmod(join(root, 'usr/sbin/policy-rc.d'), 0o755);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const inside = (...command: string[]) =>
    runLogged(
      'unshare',
      [
        ...['--mount', '--propagation', 'slave', 'sh', '-c'],
        ...['mount -t proc proc "$1/proc" && exec chroot "$@"', 'sh', root, ...command],
      ],
      { log, env },
    );
  const options = ['-o', 'Acquire::Check-Valid-Until=false', '-o', 'Acquire::Retries=3'];
  await inside('apt-get', ...options, 'update');
  await inside(
    ...['apt-get', ...options, 'install', '-y', '--no-install-recommends'],
    ...['docker.io', 'docker-cli', 'podman', 'skopeo', 'crun', 'runc'],
  );
  await inside('apt-get', 'clean');
  await mkdir(join(root, 'etc/containers'), { recursive: true });
  await writeFile(
    join(root, 'etc/containers/policy.json'),
    JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }),
  );
}

/** Where this machine gets Debian from: the first source that is neither security nor somebody else's. */
async function debianMirror(): Promise<string> {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list'];
  for (const name of await readdir(folder).catch(() => [])) files.push(join(folder, name));
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    for (const [, uri] of text.matchAll(/^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s*)?)(\S+)/gm))
      if (uri !== undefined && /\/debian\/?$/.test(uri)) return uri;
  }
  throw new Error('The apt sources of this machine name no Debian mirror.');
}
