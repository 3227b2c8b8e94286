/**
 * An image with PostgreSQL out of Debian's packages, made without a registry and without installing anything on this
 * machine: the packages are fetched and unpacked into a folder, and the folder is imported.
 *
 *     const image = await makePostgresImage(docker, folder);          // "drydock-test/postgres:1"
 *     await docker('run', '--detach', '--volume', 'db:/data', image);
 *     await waitForDatabase(docker, container);
 *     await docker('exec', container, 'psql', '-At', '-c', 'select 1');
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { runLogged } from '../../scripts/provision/runLogged.ts';
import type { DockerCli } from './variedImages.ts';

const run = promisify(execFile);
const name = 'drydock-test/postgres:1';
/** What the server does not need to run: the compiler for queries, and the scripts around clusters. */
const needless =
  /^(libllvm|perl|libperl|postgresql-(client-)?common|debconf|cdebconf|ucf|adduser|passwd|systemd|locales|libc-l10n|ssl-cert|netbase|dpkg|gcc-|init-system)/;

export async function makePostgresImage(docker: DockerCli, folder: string): Promise<string> {
  const packages = join(folder, 'packages');
  const root = join(folder, 'root');
  await mkdir(packages, { recursive: true });
  for (const path of [
    'usr/bin',
    'usr/lib',
    'usr/lib64',
    'usr/sbin',
    'etc',
    'tmp',
    'data',
    'run/postgresql',
    'var',
  ])
    await mkdir(join(root, path), { recursive: true });
  await runLogged('apt-get', ['update'], { log: 'apt' });
  const server = await serverPackage();
  const wanted = await closureOf([server, 'dash', 'coreutils', 'tzdata']);
  await runLogged('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', ...wanted], {
    cwd: packages,
    log: 'postgres',
  });
  const version = server.slice('postgresql-'.length);
  await run('bash', [
    '-euo',
    'pipefail',
    '-c',
    `for folder in bin lib lib64 sbin; do ln -s "usr/$folder" "$2/$folder"; done
     for package in "$1"/*.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$2"; done
     for program in "$2"/usr/lib/postgresql/$3/bin/*; do ln -sf "../lib/postgresql/$3/bin/$(basename "$program")" "$2/usr/bin/"; done
     rm -rf "$2"/usr/share/{doc,man,locale,postgresql/$3/man} "$2"/usr/lib/postgresql/$3/lib/bitcode
     ln -sf dash "$2/usr/bin/sh"; chmod 1777 "$2/tmp"; rm -rf "$2/var/run"; ln -s ../run "$2/var/run"
     chown 999:999 "$2/data" "$2/run/postgresql"`,
    'bash',
    packages,
    root,
    version,
  ]);
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\npostgres:x:999:999::/data:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\npostgres:x:999:\n');
  await writeFile(
    join(root, 'usr/bin/serve'),
    `#!/bin/sh
set -e
export PGDATA=/data/cluster
[ -s "$PGDATA/PG_VERSION" ] || initdb --locale=C --encoding=UTF8 --auth=trust --no-sync >/dev/null
exec postgres -c listen_addresses= -c timezone=UTC
`,
    { mode: 0o755 },
  );
  const archive = join(folder, 'postgres.tar');
  await run('tar', ['-C', root, '--numeric-owner', '-cf', archive, '.']);
  await docker(
    'import',
    '--change',
    'USER postgres',
    '--change',
    'CMD ["/usr/bin/serve"]',
    '--change',
    'LABEL dev.drydock.test=1',
    archive,
    name,
  );
  return name;
}

/** Resolves when the server in `container` answers; throws with its log when it ended instead. */
export async function waitForDatabase(docker: DockerCli, container: string): Promise<void> {
  for (;;) {
    const state = await docker('inspect', '--format', '{{.State.Status}}', container);
    if (state !== 'running') throw new Error(`PostgreSQL is ${state}: ${await docker('logs', container)}`);
    const answer = await docker('exec', container, 'psql', '-At', '-c', 'select 1').catch(() => '');
    if (answer === '1') return;
    await wait(100);
  }
}

/** The newest server that this release of Debian has, for example `postgresql-15`. */
async function serverPackage(): Promise<string> {
  const { stdout } = await run('apt-cache', ['depends', '--important', 'postgresql']);
  const found = /Depends: (postgresql-\d+)/.exec(stdout)?.[1];
  if (found === undefined) throw new Error('No package of PostgreSQL is known to apt here.');
  return found;
}

async function closureOf(packages: readonly string[]): Promise<readonly string[]> {
  const leftOut = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  );
  const { stdout } = await run('apt-cache', ['depends', '--recurse', ...leftOut, ...packages], {
    maxBuffer: 16 << 20,
  });
  const names = new Set(stdout.split('\n').filter((line) => /^[a-z0-9]/.test(line) && !needless.test(line)));
  // A name that several packages provide is none itself.
  const { stdout: known } = await run('apt-cache', ['policy', ...names], { maxBuffer: 16 << 20 });
  const real = [...known.matchAll(/^(\S+):\n +Installed: .*\n +Candidate: (.*)$/gm)];
  return real.flatMap(([, found = '', candidate]) => (candidate === '(none)' ? [] : [found])).toSorted();
}
