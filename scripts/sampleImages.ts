import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canInstallPackages } from './provision/aptInstall.ts';
import { findOnPath } from './provision/findOnPath.ts';
import { checkout } from './provision/places.ts';
import { runLogged } from './provision/runLogged.ts';

const run = promisify(execFile);

/** How sampleImages reaches the engine: the docker CLI and the environment that chooses the engine. */
export interface SampleTarget {
  readonly docker: string;
  readonly env: NodeJS.ProcessEnv;
}

/** True when that engine has not a single image. */
export async function hasNoImages({ docker, env }: SampleTarget): Promise<boolean> {
  const { stdout } = await run(docker, ['image', 'ls', '--all', '--quiet'], { env });
  return stdout.trim() === '';
}

/**
 * Small images, containers and volumes to look at, made without any registry:
 * demo/base, demo/web (1.0, 1.1, latest) and demo/worker (1.0, stable) with several layers each, one dangling image,
 * a Compose project with a running and a stopped container, a container that was only created, two volumes.
 * Where no static busybox can be had, nothing of it runs and the layers hold plain files.
 */
export async function makeSampleImages(target: SampleTarget): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'drydock-samples-'));
  try {
    const busybox = await findBusybox(folder);
    await buildImages(target, folder, busybox);
    await createContainers(target, busybox !== undefined);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildImages(target: SampleTarget, folder: string, busybox: string | undefined): Promise<void> {
  const hasShell = busybox !== undefined;
  const base = await contextOf(folder, 'base', [
    'FROM scratch',
    'COPY root/ /',
    ...(hasShell ? ['RUN ["/bin/busybox", "--install", "-s", "/bin"]'] : []),
    'ENV PATH=/bin',
    'LABEL org.opencontainers.image.title="Drydock sample base"',
    'CMD ["sh"]',
  ]);
  await mkdir(join(base, 'root/bin'), { recursive: true });
  await mkdir(join(base, 'root/etc'));
  await writeFile(join(base, 'root/etc/os-release'), 'ID=drydock-sample\nPRETTY_NAME="Drydock sample"\n');
  if (busybox !== undefined) await copyFile(busybox, join(base, 'root/bin/busybox'));
  await build(target, base, ['demo/base:1.0']);

  const web = join(folder, 'web');
  await cp(join(checkout, 'scripts/sample-workspace'), web, { recursive: true });
  // Without a shell its RUN lines cannot be built; the rest is the same.
  if (!hasShell)
    await writeFile(
      join(web, 'Dockerfile'),
      'FROM demo/base:1.0\nWORKDIR /srv\nCOPY site/ /srv/\nEXPOSE 8080\n',
    );
  await build(target, web, ['demo/web:1.0']);
  await writeFile(join(web, 'site/news.html'), '<!doctype html><title>News</title><p>Version 1.1</p>\n');
  await build(target, web, ['demo/web:1.1', 'demo/web:latest']);

  const worker = await contextOf(folder, 'worker', [
    'FROM demo/base:1.0',
    'ARG EDITION=first',
    'COPY job.sh /usr/bin/job.sh',
    'LABEL edition=$EDITION',
    'CMD ["sh", "/usr/bin/job.sh"]',
  ]);
  await writeFile(join(worker, 'job.sh'), '#!/bin/sh\necho "job done"\n');
  await build(target, worker, ['demo/worker:1.0']);
  // The same tag again: the first one is left without a name.
  await build(target, worker, ['demo/worker:1.0', 'demo/worker:stable'], ['--build-arg', 'EDITION=second']);
}

async function createContainers({ docker, env }: SampleTarget, canRun: boolean): Promise<void> {
  const call = (...args: string[]) => run(docker, args, { env });
  for (const volume of ['demo_uploads', 'demo_queue'])
    await call('volume', 'create', '--label', 'com.docker.compose.project=demo', volume);
  const service = (name: string, mount: string, image: string) =>
    call(
      // A shell as process 1 ignores SIGTERM: let it be ended soon after.
      ...[
        'create',
        '--stop-timeout',
        '1',
        '--name',
        `demo-${name}-1`,
        '--network',
        'none',
        '--volume',
        mount,
      ],
      ...['--label', 'com.docker.compose.project=demo', '--label', `com.docker.compose.service=${name}`],
      ...['--label', 'com.docker.compose.container-number=1', '--label', 'com.docker.compose.oneoff=False'],
      ...[image, ...(canRun ? [] : ['/nothing-to-run'])],
    );
  await service('web', 'demo_uploads:/srv/uploads', 'demo/web:1.1');
  await service('worker', 'demo_queue:/var/queue', 'demo/worker:1.0');
  await call('create', '--name', 'demo-alone', '--network', 'none', 'demo/base:1.0', 'sh');
  if (!canRun) return;
  await call('start', 'demo-web-1');
  await call('start', 'demo-worker-1');
}

/** The classic builder: it is in every engine and needs no plugin. */
async function build(
  { docker, env }: SampleTarget,
  context: string,
  tags: readonly string[],
  more: readonly string[] = [],
): Promise<void> {
  const names = tags.flatMap((tag) => ['--tag', tag]);
  await runLogged(docker, ['build', '--network', 'host', ...names, ...more, context], {
    env: { ...env, DOCKER_BUILDKIT: '0' },
    log: 'samples',
  });
}

async function contextOf(folder: string, name: string, dockerfile: readonly string[]): Promise<string> {
  const context = join(folder, name);
  await mkdir(context);
  await writeFile(join(context, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
  return context;
}

/** A static busybox: the machine's, or the one in Debian's package, which is unpacked and not installed. */
async function findBusybox(folder: string): Promise<string | undefined> {
  const installed = findOnPath('busybox');
  if (installed !== undefined && (await isStatic(installed))) return installed;
  if (!canInstallPackages()) return undefined;
  const download = join(folder, 'busybox');
  await mkdir(download);
  const fetch = () => runLogged('apt-get', ['download', 'busybox-static'], { cwd: download, log: 'apt' });
  try {
    await fetch().catch(async () => {
      await runLogged('apt-get', ['update'], { log: 'apt' }).catch(() => undefined);
      await fetch();
    });
  } catch (error) {
    console.log(
      `Making the samples without a shell: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
  const [file] = await readdir(download);
  if (file === undefined) return undefined;
  await runLogged('dpkg-deb', ['--extract', join(download, file), download], { log: 'apt' });
  return join(download, 'bin/busybox');
}

/** A dynamic program asks for an interpreter; a static one has none. */
async function isStatic(path: string): Promise<boolean> {
  return !(await readFile(path)).includes('/ld-linux');
}
