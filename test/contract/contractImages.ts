/**
 * Images that differ in what matters to an archive, made on any engine over its API alone, and what an engine says
 * of its images in its own words:
 *
 *     const images = await makeContractImages(engine, host, { run, folder });   // [{ what, id, tags }]
 *     await shownImage(host, id);      // { id, tags, diffIds, config }
 *     await shownImages(host);         // every ID with its names
 *
 * All carry the tests' label and have names below `localhost/drydock-test/`.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { writeOddTar } from '../support/oddTar.ts';
import { tarOf, type EngineHost } from '../support/tinyImage.ts';

export interface ContractImage {
  readonly what: string;
  readonly id: Digest;
  readonly tags: readonly string[];
}

const label = 'LABEL dev.drydock.test=1';

export async function makeContractImages(
  engine: Engine,
  host: EngineHost,
  { run, folder }: { readonly run: string; readonly folder: string },
): Promise<readonly ContractImage[]> {
  const name = (text: string): string => `localhost/drydock-test/${run}-${text}`;
  const images: ContractImage[] = [];
  const built = async (
    what: string,
    tags: readonly [string, ...string[]],
    dockerfile: readonly string[],
    files: Readonly<Record<string, string | Uint8Array>>,
  ): Promise<void> => {
    const context = await tarOf([
      { name: 'Dockerfile', content: `${dockerfile.join('\n')}\n` },
      ...Object.entries(files).map(([path, content]) => ({ name: path, content })),
    ]);
    const [first, ...more] = tags;
    await host.build(context, first);
    const { id } = await engine.images.inspect(first);
    for (const tag of more) await engine.images.tag(id, tag);
    images.push({ what, id, tags });
  };

  await built('one layer', [name('one:1')], ['FROM scratch', 'COPY a /a'], { a: `one ${run}` });
  await built(
    'several layers with empty steps between them, and many names',
    [name('several:1'), name('several:latest'), name('other-name:v1.2_x'), `localhost:5999/${run}/app:1.2`],
    ['FROM scratch', 'ENV A=1', 'COPY a /a', 'LABEL b="ü 漢字"', 'COPY b /b', 'CMD ["/a"]'],
    { a: `a ${run}`, b: `b ${run}` },
  );
  await built(
    'the same layer more than once',
    [name('twice:1')],
    ['FROM scratch', 'COPY a /x/a', 'COPY b /x/b', 'COPY a /x/a', 'COPY b /x/b'],
    { a: `same ${run}`, b: `other ${run}` },
  );
  await built('a base of others', [name('base:1')], ['FROM scratch', 'COPY a /lib/a'], {
    a: randomBytes(1 << 20),
  });
  for (const tag of ['1', '2'])
    await built(
      `child ${tag} of that base`,
      [name(`child:${tag}`)],
      [`FROM ${name('base:1')}`, 'COPY b /b'],
      {
        b: `child ${tag} ${run}`,
      },
    );

  const imported = async (what: string, tags: readonly string[], tar: Readable): Promise<void> => {
    const [first] = tags;
    const id = await engine.images.importRootfs(tar, {
      ...(first !== undefined && { name: first }),
      changes: [label, `ENV RUN=${run}`],
    });
    images.push({ what, id, tags });
  };
  const odd = join(folder, 'odd.tar');
  await writeOddTar(odd);
  await imported('odd names, links, owners and modes', [name('odd:1')], createReadStream(odd));
  const nameless = await tarOf([{ name: 'nameless', content: `nameless ${run}` }]);
  await imported('no name', [], Readable.from([nameless]));
  const large = await tarOf([{ name: 'large', content: randomBytes(8 << 20) }]);
  await imported('a large layer of random bytes', [name('large:1')], Readable.from([large]));
  return images;
}

const inspected = z.object({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  RootFS: z.object({ Layers: z.array(z.string()).nullish() }),
  Config: z.record(z.string(), z.unknown()).nullish(),
});
const listed = z.array(z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() }));

export interface ShownImage {
  readonly id: string;
  readonly tags: readonly string[];
  readonly diffIds: readonly string[];
  readonly config: unknown;
}

/** What the engine says of an image, read without our adapter. */
export async function shownImage(host: EngineHost, ref: string): Promise<ShownImage> {
  const answer = inspected.parse(await host.call('GET', `/images/${ref}/json`));
  return {
    id: prefixed(answer.Id),
    tags: namesOf(answer.RepoTags),
    diffIds: answer.RootFS.Layers ?? [],
    config: answer.Config,
  };
}

/** Every image that the engine lists, with its names: what must be as it was when something came to nothing. */
export async function shownImages(
  host: EngineHost,
  { withSteps = false } = {},
): Promise<Readonly<Record<string, readonly string[]>>> {
  const rows = listed.parse(await host.call('GET', `/images/json?all=${String(withSteps)}`));
  return Object.fromEntries(
    rows
      .map(({ Id, RepoTags }) => [prefixed(Id), namesOf(RepoTags)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Podman leaves the algorithm out in places. */
function prefixed(id: string): string {
  return id.startsWith('sha256:') ? id : `sha256:${id}`;
}

function namesOf(tags: readonly string[] | null | undefined): readonly string[] {
  return (tags ?? []).filter((tag) => tag !== '<none>:<none>').sort();
}
