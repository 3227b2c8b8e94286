import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { builtImage } from '../../src/core/dockerfile/builtImage.ts';
import { matchHistory } from '../../src/core/dockerfile/matchHistory.ts';
import { parseDockerfile, stagesBelow, type Dockerfile } from '../../src/core/dockerfile/parseDockerfile.ts';
import type { BuildStep } from '../../src/core/dockerfile/buildFacts.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import {
  buildableDockerfiles,
  contextFiles,
  type BuildableDockerfile,
} from '../support/dockerfiles/buildable.ts';
import { testHost } from '../support/engine.ts';
import { makeShellImage, shellImage } from '../support/shellImage.ts';
import { dockerCli, type DockerCli } from '../support/variedImages.ts';

const built = buildableDockerfiles.filter(({ needsBuildKit }) => needsBuildKit !== true);
const imageOf = ({ name }: BuildableDockerfile): string => `drydock-lens/${name}:1`;

function baseName(dockerfile: Dockerfile, stage: number): string | undefined {
  const base = stagesBelow(dockerfile, stage)[0]?.base;
  return base?.kind === 'image' ? base.name : undefined;
}

describe('Dockerfiles that the classic builder built', function () {
  this.timeout(300_000);
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-lens-'));
    docker = await dockerCli(testHost());
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    engine = connect(endpoint);
    await makeShellImage(testHost());
    for (const [name, content] of Object.entries(contextFiles)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    for (const dockerfile of built) await build(dockerfile);
  });

  after(async () => {
    for (const image of built.toReversed()) await docker('image', 'rm', '--force', imageOf(image));
    await docker('image', 'prune', '--force', '--filter', 'label=dev.drydock.test=1');
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  const build = async (image: BuildableDockerfile): Promise<void> => {
    const file = join(folder, '.dockerfile');
    await writeFile(file, image.text);
    const args = (image.args ?? []).flatMap((arg) => ['--build-arg', arg]);
    const target = image.target === undefined ? [] : ['--target', image.target];
    const options = [...args, ...(image.options ?? []), ...target, '--label', 'dev.drydock.test=1'];
    await docker(
      'build',
      '--quiet',
      '--network',
      'host',
      '--file',
      file,
      '--tag',
      imageOf(image),
      ...options,
      folder,
    );
  };

  const historyOf = async (ref: string): Promise<readonly BuildStep[]> =>
    (await engine.images.history(ref)).toReversed();

  it('are thirty and more', () => {
    assert.ok(built.length >= 30, String(built.length));
  });

  for (const image of built) {
    const { name, what, text, target } = image;
    it(`have each line of "${name}" (${what}) in its step`, async () => {
      const dockerfile = parseDockerfile(text);
      const stage = dockerfile.stages.find((each) => target !== undefined && each.name === target);
      const last = stage?.place ?? dockerfile.stages.length - 1;
      const from = baseName(dockerfile, last);
      const base = from === undefined ? undefined : await historyOf(from);
      const steps = await historyOf(imageOf(image));
      const found = matchHistory({
        dockerfile,
        stage: last,
        steps,
        ...(base && { base }),
      });

      assert.ok(found.confidence === 'exact' || found.confidence === 'likely', found.confidence);
      assert.deepEqual(found.leftOver, []);
      const first = (base?.length ?? 0) + (name === 'triggered' ? 2 : 0);
      assert.deepEqual(
        found.lines.map(({ match }) => match.kind === 'matched' && match.step),
        found.lines.map((_, at) => first + at),
      );
      // Only what says where files went, and no more, is less than exact.
      for (const { instruction, match } of found.lines)
        if (match.kind === 'matched' && match.confidence !== 'exact')
          assert.ok(['ADD', 'COPY'].includes(instruction.keyword), instruction.operands);
    });
  }

  it('tell by a step that is not there any more which line was edited', async () => {
    const steps = await historyOf('drydock-lens/metadata:1');
    const text = built
      .find(({ name }) => name === 'metadata')
      ?.text.replace('STOPSIGNAL SIGINT', 'STOPSIGNAL SIGQUIT');
    assert.ok(text !== undefined);
    const found = matchHistory({
      dockerfile: parseDockerfile(text),
      stage: 0,
      steps,
      base: await historyOf(shellImage),
    });
    assert.equal(found.confidence, 'edited');
    assert.deepEqual(
      found.lines
        .filter(({ match }) => match.kind !== 'matched')
        .map(({ instruction }) => instruction.operands),
      ['SIGQUIT'],
    );
  });

  it('are found again among all images of the engine', async () => {
    const images = await engine.images.list();
    const histories = new Map<string, readonly BuildStep[]>();
    for (const { id } of images) histories.set(id, await historyOf(id));
    // Files that leave the same steps as others, or whose steps are too few to know them by.
    const unknowable = new Set(['lower', 'indented', 'labelled', 'runs', 'onbase', 'scratch', 'target']);
    const idOf = (tag: string): string | undefined => images.find(({ tags }) => tags.includes(tag))?.id;
    for (const image of built) {
      const dockerfile = parseDockerfile(image.text);
      const from = baseName(dockerfile, dockerfile.stages.length - 1);
      const base = from === undefined ? undefined : histories.get(idOf(from) ?? '');
      const found = builtImage(
        images.map(({ id, tags, createdAtMs }) => ({
          id,
          tags,
          createdAtMs,
          match: matchHistory({
            dockerfile,
            stage: dockerfile.stages.length - 1,
            steps: histories.get(id) ?? [],
            ...(base && { base }),
          }),
        })),
      );
      if (found.kind === 'found') assert.ok(found.image.tags.includes(imageOf(image)), image.name);
      else assert.ok(unknowable.has(image.name), `${image.name}: ${found.kind}`);
    }
  });
});
