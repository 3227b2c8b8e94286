import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import { hexOf, parseDigest, type Digest } from '../../../src/core/digest.ts';
import { unattended } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { executeRestore } from '../../../src/core/restore/executeRestore.ts';
import type { RestoreChoices } from '../../../src/core/restore/restorePlan.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot } from '../../../src/core/snapshot/snapshots.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { RestoreBench } from '../../support/restoreBench.ts';
import { shellImage } from '../../support/shellImage.ts';

describe('restoring an image on a real engine', function () {
  this.timeout(180_000);
  let bench: RestoreBench;
  let id: Digest;
  let snapshot: Snapshot;
  const tags = ['drydock-test/restored:1', 'localhost/drydock-test/restored:two'] as const;
  beforeEach(async () => {
    bench = await RestoreBench.open();
    id = makeImage('first', tags);
    const [result] = await backupImages(bench, { images: [{ id, tags }] }, unattended());
    assert.ok(result);
    ({ snapshot } = result);
  });
  afterEach(async () => {
    assert.deepEqual(await bench.leftovers(), []);
    await bench.close();
  });

  /** A layer of its own on the shell image, and a config that nothing else has. */
  function makeImage(content: string, names: readonly string[]): Digest {
    const container = bench.name('made');
    bench.docker('create', '--name', container, '--label', `${testLabel}=1`, shellImage, 'sleep', '60');
    bench.docker('start', container);
    bench.exec(container, `echo ${content} > /content`);
    const change = `ENV CONTENT=${content}`;
    const made = parseDigest(bench.docker('commit', '--change', change, container), 'commit');
    bench.docker('rm', '--force', container);
    for (const name of names) bench.docker('tag', made, name);
    return made;
  }
  const idOf = (name: string): string => bench.docker('image', 'inspect', '--format', '{{.Id}}', name);
  const contentOf = (image: string): string =>
    bench.docker('run', '--rm', '--network', 'none', image, 'cat', '/content');

  it('gives it back its ID and all its tags, and it runs', async () => {
    const before = bench.docker('image', 'inspect', '--format', '{{json .RootFS}} {{json .Config}}', id);
    bench.docker('rmi', '--force', ...tags);
    await bench.restore(snapshot);
    assert.deepEqual(tags.map(idOf), [id, id]);
    assert.equal(
      bench.docker('image', 'inspect', '--format', '{{json .RootFS}} {{json .Config}}', id),
      before,
    );
    assert.equal(contentOf(tags[0]), 'first');
  });

  it('gives its tag back after a process that was killed when the engine had the image', async () => {
    const other = makeImage('second', []);
    bench.docker('rmi', '--force', ...tags);
    bench.docker('tag', other, tags[0]);
    const before = bench.images();
    const choices: RestoreChoices = { items: [{ what: 'tag', name: tags[0], action: 'replace' }] };
    const script = fileURLToPath(new URL('../../support/restoreKilled.ts', import.meta.url));
    const { root } = bench.vault.paths;
    const args = [script, testHost(), root, snapshot.id, JSON.stringify(choices), 'load'];
    await assert.rejects(promisify(execFile)(process.execPath, args), { signal: 'SIGKILL' });
    assert.deepEqual(tags.map(idOf), [id, id]);
    const recovered = await recoverVault(bench);
    assert.deepEqual(
      recovered.map(({ outcome, left }) => [outcome, left]),
      [['undone', []]],
    );
    assert.equal(bench.images(), before);
    bench.docker('rmi', '--force', other);
  });

  it('sends nothing of an image that is there, and gives it the tag that it lost', async () => {
    bench.docker('rmi', tags[1]);
    const loads: unknown[] = [];
    const { engine } = bench;
    const watched = {
      ...engine,
      images: {
        ...engine.images,
        load: (...args: Parameters<typeof engine.images.load>) => {
          loads.push(args);
          return engine.images.load(...args);
        },
      },
    };
    const plan = await bench.plan(snapshot);
    await executeRestore({ engine: watched, vault: bench.vault, owner: bench.owner }, plan, unattended());
    assert.deepEqual(loads, []);
    assert.deepEqual(tags.map(idOf), [id, id]);
  });

  it('leaves a tag with the image that has it now, or takes it and keeps that image', async () => {
    bench.docker('rmi', '--force', ...tags);
    const other = makeImage('second', [tags[0]]);
    await bench.restore(snapshot);
    assert.deepEqual(tags.map(idOf), [other, id]);

    const { kept } = await bench.restore(snapshot, { taken: 'replace' });
    assert.deepEqual(tags.map(idOf), [id, id]);
    assert.deepEqual(
      kept.map(({ keptAs }) => idOf(keptAs)),
      [other],
    );
  });

  it('loads nothing of an image of which a byte is damaged', async () => {
    const contents = await openSnapshot(bench.vault, snapshot);
    const digest = contents.images[0]?.manifests[0]?.layers.at(-1)?.descriptor.digest;
    assert.ok(digest);
    const path = join(bench.vault.paths.blobs, hexOf(digest));
    const bytes = await readFile(path);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await chmod(path, 0o644);
    await writeFile(path, bytes);
    bench.docker('rmi', '--force', ...tags);
    const before = bench.images();
    assert.equal((await failureOf(bench.restore(snapshot))).code, 'blobDamaged');
    assert.equal(bench.images(), before);
  });
});
