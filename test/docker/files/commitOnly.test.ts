import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { commitOnly, type BaseTransfer, type CommittedOnly } from '../../../src/core/fileTrees/commitOnly.ts';
import { passingName } from '../../../src/core/files/passingName.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { testHost } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { makeShellImage, shellImage } from '../../support/shellImage.ts';
import { diskFacts, type TreeFacts } from '../../support/treeFacts.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';
import { VolumeBench } from '../../support/volumeBench.ts';

describe('an image of chosen changes of a container', function () {
  this.timeout(120_000);
  let bench: VolumeBench;
  let docker: DockerCli;
  let folder: string;
  let container: string;
  const image = 'drydock-test/only:1';
  const made: string[] = [];

  before(async () => {
    bench = await VolumeBench.open();
    docker = await dockerCli(testHost());
    await makeShellImage(testHost());
    const base = await ended(
      shellImage,
      'mkdir -p /app/deep/er /app/gone /app/anew; chmod 2750 /app/deep; chown 7:8 /app/deep; echo 1 >/app/deep/er/file; echo y >/app/gone/y; echo b >/app/anew/before; echo k >/app/kept',
    );
    await docker('commit', '--change', 'ENV A=1', '--change', 'LABEL dev.drydock.test=1', base, image);
    container = await ended(
      image,
      'echo 22 >/app/deep/er/file; chmod 600 /app/deep/er/file; chmod 700 /app; rm -r /app/gone; rm -r /app/anew; mkdir /app/anew; echo a >/app/anew/after; echo no >/app/kept; mkdir -p /new/in; echo n >/new/in/file; ln /new/in/file /new/hard; ln -s /nowhere /new/link; echo other >/etc/other',
    );
  });
  after(async () => {
    for (const id of made) await docker('image', 'rm', '--force', id);
    await bench.close();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'drydock-only-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function ended(from: string, script: string): Promise<string> {
    const id = await bench.host.createContainer({ Image: from, Cmd: ['sh', '-ec', script] });
    await bench.engine.containers.start(id);
    assert.equal((await docker('wait', id)).trim(), '0');
    return id;
  }

  /** The files of a container, as the engine exports and tar unpacks them. */
  async function exported(id: string, what: string): Promise<TreeFacts> {
    const place = join(folder, what);
    await docker('export', '--output', `${place}.tar`, id);
    execFileSync('mkdir', [place]);
    execFileSync('tar', ['--absolute-names', '-xpf', `${place}.tar`, '--same-owner', '-C', place]);
    return diskFacts(place);
  }

  async function filesOf(ref: string, what: string): Promise<TreeFacts> {
    return exported(await bench.host.createContainer({ Image: ref, Cmd: ['x'] }), what);
  }

  const commit = async (
    paths: readonly string[],
    {
      name,
      transfer,
      operation = unattended(),
    }: { name?: string; transfer?: BaseTransfer; operation?: Operation } = {},
  ): Promise<CommittedOnly> => {
    const input = { container, paths, message: 'only this', ...(name !== undefined && { name }) };
    const done = await commitOnly({ engine: bench.engine }, input, operation, transfer);
    made.push(done.id);
    return done;
  };

  const below = (facts: TreeFacts, ...paths: readonly string[]): TreeFacts =>
    Object.fromEntries(
      Object.entries(facts).filter(([path]) =>
        paths.some((one) => path === one || path.startsWith(`${one}/`)),
      ),
    );
  const without = (facts: TreeFacts, ...paths: readonly string[]): TreeFacts =>
    Object.fromEntries(
      Object.entries(facts).filter(
        ([path]) => !paths.some((one) => path === one || path.startsWith(`${one}/`)),
      ),
    );

  /** Engines put these in when they make a container. */
  const engineMade = ['dev', 'proc', 'sys', 'etc', '.dockerenv'];

  for (const transfer of ['left out', 'sent'] as const)
    it(`has these changes and no others, with the image’s layers ${transfer}`, async () => {
      const paths = ['app/deep/er/file', 'app/gone', 'app/anew', 'new'];
      const { id, layers } = await commit(paths, { transfer });
      const before = await filesOf(image, 'before');
      const now = await exported(container, 'now');
      const only = await filesOf(id, 'only');
      assert.deepEqual(without(only, ...paths, ...engineMade), without(before, ...paths, ...engineMade));
      assert.equal(only['etc/other'], undefined);
      assert.deepEqual(below(only, ...paths), below(now, ...paths));
      const inspected = z
        .array(z.object({ Config: z.unknown(), RootFS: z.object({ Layers: z.array(z.string()) }) }))
        .length(2)
        .parse(JSON.parse(await docker('image', 'inspect', image, id)));
      assert.deepEqual(inspected[1]?.Config, inspected[0]?.Config);
      assert.deepEqual(inspected[1]?.RootFS.Layers.slice(0, -1), inspected[0]?.RootFS.Layers);
      assert.equal(layers, inspected[1]?.RootFS.Layers.length);
      const history = await bench.engine.images.history(id);
      assert.equal(history[0]?.comment, 'only this');
      assert.equal(history.length, (await bench.engine.images.history(image)).length + 1);
    });

  it('has its name when it is done, and leaves the folders on the way as they are in the image', async () => {
    const name = 'drydock-test/only:named';
    const { id } = await commit(['app/kept'], { name });
    assert.equal((await bench.engine.images.inspect(name)).id, id);
    const only = await filesOf(id, 'only');
    const before = await filesOf(image, 'before');
    assert.equal(only['app'], before['app']);
    assert.notEqual(only['app/kept'], before['app/kept']);
    assert.equal(only['app/anew/before'], before['app/anew/before']);
  });

  it('is not made of what is not changed', async () => {
    assert.equal((await failureOf(commit(['bin/sh']))).code, 'pathMissing');
  });

  it('removes the layer that a killed process left', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const left = join(tmpdir(), passingName().replace(`-${process.pid}-`, `-${dead}-`));
    mkdirSync(left);
    writeFileSync(join(left, 'layer.tar'), 'half of it');
    await commit(['new']);
    assert.equal(existsSync(left), false);
  });

  it('leaves no image when it is cancelled', async () => {
    const before = (await bench.engine.images.list()).map(({ id }) => id).toSorted();
    const operation = cancelledWhen(({ phase }) => phase === 'sending');
    await assert.rejects(commit(['new'], { operation }), { name: 'AbortError' });
    assert.deepEqual((await bench.engine.images.list()).map(({ id }) => id).toSorted(), before);
  });
});
