import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { backupContainer } from '../../../src/core/backup/backupContainer.ts';
import { bundleSnapshots } from '../../../src/core/bundle/bundleSnapshots.ts';
import { bundleVaultFolder } from '../../../src/core/bundle/bundleVaultFolder.ts';
import { unattended } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openVault } from '../../../src/core/vault/layout.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { RestoreBench } from '../../support/restoreBench.ts';
import { shellImage } from '../../support/shellImage.ts';

const script = fileURLToPath(new URL('../../support/restoreKilled.ts', import.meta.url));
const run = promisify(execFile);

describe('restoring a container straight out of a bundle', function () {
  this.timeout(180_000);
  let bench: RestoreBench;
  let folder: string;
  let snapshot: Snapshot;
  let expected: unknown;
  let [name, data] = ['', ''];
  before(async () => {
    bench = await RestoreBench.open();
    folder = join(bench.folder, 'carried');
    await mkdir(folder);
    [name, data] = [bench.name('carried'), bench.name('data')];
    bench.docker('volume', 'create', '--label', `${testLabel}=1`, data);
    bench.run(name, '--network', 'none', '--volume', `${data}:/data`, shellImage, 'sleep', '900');
    bench.exec(name, 'cat /bin/sh > /data/rows; echo own > /own');
    const input = { container: name, consistency: 'pause', includeBinds: false } as const;
    ({ snapshot } = await backupContainer(bench, input, unattended()));
    expected = [bench.inspect(name), bench.exec(name, 'cat /data/rows /own')];
    bench.docker('rm', '--force', name);
    bench.docker('volume', 'rm', data);
    const place = { path: join(folder, 'b.tar'), replace: false, partBytes: 50_000 };
    const what = { snapshots: [snapshot], compression: 'none', nowMs: Date.now() } as const;
    const { paths } = await bundleSnapshots(bench, { ...place, ...what }, unattended());
    assert.ok(paths.length > 2);
  });
  after(async () => {
    await bench.close();
  });
  const restore = (...more: readonly string[]): Promise<unknown> =>
    run(process.execPath, [script, testHost(), join(folder, 'b.tar.001'), snapshot.id, '{}', ...more]);
  const state = (): string =>
    [
      bench.docker('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}'),
      bench.docker('volume', 'ls', '--quiet'),
      bench.images(),
    ].join('\n');

  it('leaves nothing when its process is killed, once the next one has begun, and brings all of it back', async () => {
    const before = state();
    for (const at of ['load', '3']) {
      await assert.rejects(restore(at), { signal: 'SIGKILL' });
      const vault = await openVault({ path: bundleVaultFolder(folder), access: 'write' });
      const recovered = await recoverVault({ engine: bench.engine, owner: bench.owner, vault });
      assert.deepEqual(
        recovered.map(({ outcome, left }) => [outcome, left]),
        [['undone', []]],
        at,
      );
      assert.equal(state(), before, at);
    }
    await restore();
    assert.deepEqual([bench.inspect(name), bench.exec(name, 'cat /data/rows /own')], expected);
    assert.deepEqual(await readdir(join(bundleVaultFolder(folder), 'blobs', 'sha256')), []);
    const hidden = (await readdir(folder)).filter((each) => each.startsWith('.'));
    assert.deepEqual(
      [hidden, await readdir(join(bundleVaultFolder(folder), 'drydock', 'journal'))],
      [[], []],
    );
  });
});
