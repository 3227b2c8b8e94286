/**
 * A dozen and more images that differ in every way that matters to an archive, made without a registry by the
 * classic builder, by import and by commit.
 *
 *     const images = await makeVariedImages(host, folder);   // [{ what, id, tags }]
 *
 * All carry the label `dev.drydock.test`; the names start with `drydock-test/` or `localhost:5999/`.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { provideEngine } from '../../scripts/provision/provideEngine.ts';
import { testEngine, testHost } from './engine.ts';
import { writeOddTar } from './oddTar.ts';

const run = promisify(execFile);

export interface VariedImage {
  readonly what: string;
  readonly id: string;
  readonly tags: readonly string[];
}

export type DockerCli = (...args: readonly string[]) => Promise<string>;

/** The docker CLI talking to `host`, with the classic builder. */
export async function dockerCli(host: string): Promise<DockerCli> {
  const { docker } = await provideEngine();
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '0', DOCKER_CLI_HINTS: 'false' };
  return async (...args) => (await run(docker, [...args], { env, maxBuffer: 64 << 20 })).stdout.trim();
}

const label = 'dev.drydock.test=1';

export async function makeVariedImages(host: string, folder: string): Promise<readonly VariedImage[]> {
  const docker = await dockerCli(host);
  const images: VariedImage[] = [];

  const build = async (
    what: string,
    tags: readonly string[],
    dockerfile: readonly string[],
    options: {
      files?: Readonly<Record<string, string | Uint8Array>>;
      args?: readonly string[];
      odd?: boolean;
    } = {},
  ): Promise<string> => {
    const context = join(folder, `context-${images.length}`);
    await mkdir(context, { recursive: true });
    await writeFile(join(context, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    for (const [name, content] of Object.entries(options.files ?? {}))
      await writeFile(join(context, name), content);
    if (options.odd === true) await writeOddTar(join(context, 'odd.tar'));
    const names = tags.flatMap((tag) => ['--tag', tag]);
    const output = await docker(
      ...[
        'build',
        '--quiet',
        '--network',
        'host',
        '--label',
        label,
        ...names,
        ...(options.args ?? []),
        context,
      ],
    );
    images.push({ what, id: output, tags });
    return output;
  };

  const name = (text: string): string => `drydock-test/${text}`;
  await build('one layer', [name('one:1')], ['FROM scratch', 'COPY a /a'], { files: { a: 'one' } });
  await build(
    'several layers and empty steps between them',
    [name('several:1')],
    [
      'FROM scratch',
      'ENV A=1',
      'COPY a /a',
      'LABEL b="ü 漢字 \\"quoted\\""',
      'COPY b /b',
      'ENV C=3',
      'COPY c /c',
      'CMD ["/a"]',
    ],
    { files: { a: 'a', b: 'b', c: 'c' } },
  );
  await build(
    'the same layer more than once',
    [name('twice:1')],
    ['FROM scratch', 'COPY a /x/a', 'COPY b /x/b', 'COPY a /x/a', 'COPY b /x/b', 'COPY a /x/a'],
    { files: { a: 'same', b: 'other' } },
  );
  await build(
    'many tags in several repositories',
    [name('tags:1'), name('tags:latest'), name('other-name:v1.2_x'), 'localhost:5999/team/app:1.2'],
    ['FROM scratch', 'COPY a /a'],
    { files: { a: 'many tags' } },
  );
  await build('no tag', [], ['FROM scratch', 'COPY a /a'], { files: { a: 'dangling' } });
  await build(
    'odd names, links, owners, modes and devices',
    [name('odd:1')],
    ['FROM scratch', 'ADD odd.tar /'],
    {
      odd: true,
    },
  );
  await build(
    'a large layer of random bytes',
    [name('large:1')],
    ['FROM scratch', 'COPY a /a', 'COPY b /b'],
    {
      files: { a: randomBytes(24 << 20), b: new Uint8Array(24 << 20) },
    },
  );
  await build(
    'sixteen layers',
    [name('sixteen:1')],
    ['FROM scratch', ...Array.from({ length: 16 }, (_, index) => `COPY f${index} /d${index % 7}/f${index}`)],
    { files: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`f${index}`, `layer ${index}`])) },
  );
  await build(
    'every kind of config',
    [name('config:1')],
    [
      'FROM scratch',
      'COPY a /a',
      'ENV SECRET="x y" EMPTY=',
      'EXPOSE 80 53/udp',
      'VOLUME ["/data", "/more data"]',
      'USER 1000:1000',
      'WORKDIR /work',
      'ENTRYPOINT ["/a", "--flag"]',
      'HEALTHCHECK --interval=5s CMD ["/a", "health"]',
      'STOPSIGNAL SIGINT',
      'ONBUILD COPY . /app',
      'SHELL ["/bin/ash", "-c"]',
    ],
    { files: { a: 'config' } },
  );
  const base = await build('a base of others', [name('base:1')], ['FROM scratch', 'COPY a /lib/a'], {
    files: { a: randomBytes(1 << 20) },
  });
  await build('a child of a base', [name('child:1')], [`FROM ${base}`, 'COPY b /b'], {
    files: { b: 'child 1' },
  });
  await build('another child of it', [name('child:2')], [`FROM ${base}`, 'COPY b /b'], {
    files: { b: 'child 2' },
  });
  await build('a file of every size around a block', [name('sizes:1')], ['FROM scratch', 'COPY . /s/'], {
    files: Object.fromEntries([0, 1, 511, 512, 513, 1024].map((size) => [`s${size}`, randomBytes(size)])),
  });

  const tar = join(folder, 'import.tar');
  await writeOddTar(tar);
  images.push({
    what: 'an imported file system',
    id: await docker(
      'import',
      '--change',
      `LABEL ${label}`,
      '--message',
      'imported',
      tar,
      name('imported:1'),
    ),
    tags: [name('imported:1')],
  });
  const container = await docker('create', '--label', label, name('several:1'));
  images.push({
    what: 'a committed container',
    id: await docker(
      'commit',
      '--change',
      `LABEL ${label}`,
      '--message',
      'committed',
      container,
      name('committed:1'),
    ),
    tags: [name('committed:1')],
  });
  await docker('rm', container);
  return images;
}

/** Removes every container, image and volume of the runner's own engine; refuses any other. */
export async function emptyEngine(): Promise<void> {
  const { host } = await testEngine();
  if (host !== testHost())
    throw new Error(`${testHost()} is not the engine that the tests started: it stays as it is`);
  const docker = await dockerCli(host);
  const list = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await docker(...args)).split('\n').filter((line) => line !== '');
  for (const id of await list('ps', '--all', '--quiet')) await docker('rm', '--force', '--volumes', id);
  for (const name of await list('volume', 'ls', '--quiet')) await docker('volume', 'rm', name);
  await removeImages(docker);
}

/** Removes all images, or those that `filter` names. */
export async function removeImages(docker: DockerCli, ...filter: readonly string[]): Promise<void> {
  // A parent is refused while it has children, so each round takes those that have none.
  for (let left = Number.POSITIVE_INFINITY; ;) {
    const found = await docker('image', 'ls', '--quiet', '--no-trunc', ...filter);
    const ids = new Set(found.split('\n').filter((line) => line !== ''));
    if (ids.size === 0) return;
    if (ids.size >= left) throw new Error(`${ids.size} images can't be removed`);
    left = ids.size;
    for (const id of ids) await docker('image', 'rm', '--force', id).catch(() => undefined);
  }
}
