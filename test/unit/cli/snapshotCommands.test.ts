import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortDigest } from '../../../src/core/digest.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import type { Vault } from '../../../src/core/vault/layout.ts';
import { sourceOf, storeImage } from '../../support/capturedThings.ts';
import { land, snapshotMs, storeTar, vaultWithContainer } from '../../support/snapshotVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { runCliHere, type Ran } from './runCliHere.ts';

const binary = Buffer.from([0, 255, 10, 13, 0x1b, 0x5b]);

describe('a vault’s snapshots on the command line', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let web: Snapshot;
  let app: Snapshot;
  const run = (...argv: readonly string[]): Promise<Ran> => runCliHere(argv, { vaultFolder: folder.path() });

  beforeEach(async () => {
    ({ vault, snapshot: web } = await vaultWithContainer(folder.path(), {
      base: [['etc/'], ['etc/conf', 'old'], ['etc/link', { type: 'symlink', linkPath: 'conf' }]],
      writable: [['etc/conf', 'new one']],
      data: [['v/'], ['v/rows', binary.toString('latin1')], ['v/tool', { type: 'file', mode: 0o4750 }]],
    }));
    app = await land(
      vault,
      sourceOf('image', 'app:2'),
      async (draft, store) => {
        await draft.addImage(
          await storeImage(store, [await storeTar(store, [['x', 'x']])], { tags: ['app:2'] }),
        );
      },
      { createdMs: snapshotMs + 3_600_000, tags: ['nightly', 'keep'] },
    );
  });

  it('are listed newest first, with what they cost', async () => {
    const { exitCode, stdout } = await run('snapshots');
    const [header, first, second] = stdout.split('\n');
    assert.equal(exitCode, 0);
    assert.match(header ?? '', /^ID +CREATED +KIND +SOURCE +SIZE +NEW +VERIFIED +TAGS$/);
    assert.match(first ?? '', new RegExp(`^${shortDigest(app.id)} .*image +app:2 .*nightly, keep$`));
    assert.match(second ?? '', new RegExp(`^${shortDigest(web.id)} .*container +web `));
  });

  it('are chosen by kind, source and tags', async () => {
    const only = async (...argv: readonly string[]): Promise<string> =>
      (await run('snapshots', '-q', ...argv)).stdout;
    assert.equal(await only('--kind', 'container'), `${web.id}\n`);
    assert.equal(await only('--source', 'app:2'), `${app.id}\n`);
    assert.equal(await only('--tag', 'nightly', '--tag', 'keep'), `${app.id}\n`);
    assert.equal(await only('--tag', 'nightly', '--tag', 'other'), '');
  });

  it('come as JSON with bytes and ISO times', async () => {
    const { stdout } = await run('snapshots', '--kind=image', '--json');
    const { snapshots } = JSON.parse(stdout) as { snapshots: readonly Record<string, unknown>[] };
    assert.equal(snapshots.length, 1);
    assert.equal(snapshots[0]?.['createdAt'], '2026-11-20T09:00:00.000Z');
    assert.equal(snapshots[0]['sizeBytes'], app.plainBytes);
    assert.deepEqual(snapshots[0]['engine'], { id: 'E1', name: 'here' });
    assert.equal(snapshots[0]['damaged'], null);
  });

  it('are shown with all they hold', async () => {
    const { exitCode, stdout } = await run('show', web.refName);
    assert.equal(exitCode, 0);
    for (const words of [
      /Images\n/,
      /app:1 /,
      /linux\/amd64/,
      /Containers\n/,
      /web +running +app:1/,
      /Volumes\n/,
      /data +volume +local/,
      /web:\/data/,
      /bind +\/e/,
    ])
      assert.match(stdout, words);
    const { roots } = JSON.parse((await run('show', shortDigest(web.id), '--json')).stdout) as {
      roots: readonly { name: string }[];
    };
    assert.deepEqual(
      roots.map(({ name }) => name),
      ['web', 'data', 'app:1'],
    );
  });

  it('are not shown when nobody can say which', async () => {
    const { exitCode, stderr } = await run('show', 'latest');
    assert.equal(exitCode, 1);
    assert.match(stderr, /"latest" matches 2 snapshots/);
    assert.equal((await run('show', 'web@latest', '-q')).stdout, `${web.id}\n`);
  });

  it('list the files of a container, of its volumes and of its image', async () => {
    const names = async (path: string): Promise<string> => (await run('ls', web.refName, path, '-q')).stdout;
    assert.equal(await names('/etc'), '/etc/conf\n/etc/link\n');
    assert.equal(await names('data:'), '/rows\n/tool\n');
    assert.equal(await names('app:1:/etc/conf'), '/etc/conf\n');
    const { stdout } = await run('ls', web.refName, 'data:/');
    assert.match(stdout, /^-rwsr-x--- +0:0 +0 B +1970-01-01 00:00:00 +tool$/m);
    assert.match((await run('ls', web.refName, '/etc')).stdout, /^lrw.* link -> conf$/m);
    const { stderr, exitCode } = await run('ls', web.refName, '/nowhere');
    assert.deepEqual(
      { stderr, exitCode },
      { stderr: 'drydock: There is no /nowhere in web.\n', exitCode: 1 },
    );
  });

  it('give the bytes of a file as they are', async () => {
    assert.equal((await run('cat', web.refName, '/etc/link')).bytes.toString(), 'new one');
    assert.equal((await run('cat', web.refName, 'app:1:/etc/link')).bytes.toString(), 'old');
    const { bytes, stdout, stderr, exitCode } = await run('cat', web.refName, 'data:/rows');
    assert.equal(bytes.toString(), binary.toString('latin1'));
    assert.deepEqual({ stdout, stderr, exitCode }, { stdout: '', stderr: '', exitCode: 0 });
    assert.equal((await run('cat', web.refName, '/etc')).exitCode, 1);
    assert.equal((await run('cat', web.refName, '/etc/conf', '--json')).exitCode, 2);
  });

  it('are searched for a name, those that can’t be read told', async () => {
    const { stdout, exitCode } = await run('find', 'con?', '-q');
    assert.deepEqual(
      { stdout, exitCode },
      { stdout: `${web.refName} web:/etc/conf\n${web.refName} app:1:/etc/conf\n`, exitCode: 0 },
    );
    const { files } = JSON.parse((await run('find', '/rows', '--json')).stdout) as {
      files: readonly { root: string }[];
    };
    assert.deepEqual(
      files.map(({ root }) => root),
      ['data'],
    );
    assert.equal((await run('find', 'conf', '--source', 'app:2', '-q')).stdout, '');
    await vault.blobs.delete(app.id);
    const partly = await run('find', 'conf');
    assert.equal(partly.exitCode, 3);
    assert.match(partly.stderr, /lacks the blob/);
    assert.match(partly.stdout, /web:\/etc\/conf$/m);
  });

  it('give files to this disk, and say what was made', async () => {
    const into = join(folder.path(), 'out');
    const { stdout, exitCode, stderr } = await run('extract', web.refName, '/etc', '-o', into);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    assert.equal(stdout, `Extracted and verified: 2 files, 7 B\n${join(into, 'etc')}\n`);
    assert.equal(await readFile(join(into, 'etc', 'link'), 'utf8'), 'new one');
    const again = await run('extract', web.refName, '/etc', '-o', into, '--json');
    assert.equal(again.exitCode, 1);
    assert.equal((JSON.parse(again.stdout) as { error: { code: string } }).error.code, 'fileExists');
    await run('extract', web.refName, 'app:1:/etc/conf', '-o', join(into, 'etc'), '--force');
    assert.equal(await readFile(join(into, 'etc', 'conf'), 'utf8'), 'old');
  });
});
