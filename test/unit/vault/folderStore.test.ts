import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, open, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { digestOf } from '../../../src/core/digest.ts';
import { putDocument, readVerified } from '../../../src/core/vault/blobStore.ts';
import { folderStore } from '../../../src/core/vault/folderStore.ts';
import { sweepPartials } from '../../../src/core/vault/partialFile.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { bareVaultFolders, temporaryFolder } from '../../support/vaultFolder.ts';
import { blobStoreContract } from './blobStoreContract.ts';

const text = 'the bytes of a blob';
const digest = digestOf(text);

describe('blobs in a folder', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();

  describe('as every store', () => {
    blobStoreContract(async () => {
      const paths = await bareVaultFolders(folder.path());
      return { store: folderStore(paths), remains: () => readdir(paths.partial) };
    });
  });

  it('are files of an OCI layout that nobody may write to', async () => {
    const paths = await bareVaultFolders(folder.path());
    await putDocument(folderStore(paths), text);
    const path = join(folder.path(), 'blobs', 'sha256', digest.slice(7));
    assert.equal(await readFile(path, 'utf8'), text);
    assert.equal((await stat(path)).mode & 0o777, 0o444);
  });

  it('are never written again once they are there', async () => {
    const paths = await bareVaultFolders(folder.path());
    const store = folderStore(paths);
    await putDocument(store, text);
    const before = await stat(blobPath(paths, digest));
    await putDocument(store, text);
    const after = await stat(blobPath(paths, digest));
    assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
  });

  it('are replaced by good bytes where the file there has not even their size', async () => {
    const paths = await bareVaultFolders(folder.path());
    const store = folderStore(paths);
    await putDocument(store, text);
    await chmod(blobPath(paths, digest), 0o644);
    await truncate(blobPath(paths, digest), 3);
    await assert.rejects(collect(readVerified(store, { digest })), { code: 'blobDamaged' });
    await putDocument(store, text);
    assert.equal(String(await collect(readVerified(store, { digest }))), text);
  });

  it('are found damaged when a bit has changed', async () => {
    const paths = await bareVaultFolders(folder.path());
    const store = folderStore(paths);
    await putDocument(store, text);
    await chmod(blobPath(paths, digest), 0o644);
    await writeFile(blobPath(paths, digest), text.replace('bytes', 'bites'));
    await assert.rejects(collect(readVerified(store, { digest, sizeBytes: text.length })), {
      code: 'blobDamaged',
    });
  });

  it('are listed without what only lies beside them', async () => {
    const paths = await bareVaultFolders(folder.path());
    const store = folderStore(paths);
    await putDocument(store, text);
    await writeFile(join(paths.blobs, 'README'), 'x');
    await mkdir(join(paths.blobs, 'f'.repeat(64)));
    const listed = [];
    for await (const blob of store.list()) listed.push(blob.digest);
    assert.deepEqual(listed, [digest]);
  });

  it('leave nothing when the disk takes no more', async () => {
    const paths = await bareVaultFolders(folder.path());
    const child = new URL('../../support/vaultPut.ts', import.meta.url).pathname;
    // A limit on the size of files is the full disk that needs no disk of its own.
    const { stdout } = await promisify(execFile)('/bin/sh', [
      '-c',
      'ulimit -f 2048; exec "$0" "$@"',
      process.execPath,
      child,
      folder.path(),
      String(8 << 20),
    ]);
    assert.match(stdout, /^(fileUnusable|diskFilledUp)\n$/);
    assert.deepEqual([await readdir(paths.partial), await readdir(paths.blobs)], [[], []]);
  });

  it('have no name when the disk gives other bytes back than were written', async () => {
    const paths = await bareVaultFolders(folder.path());
    const harm = async (stored: AsyncIterable<Uint8Array>): Promise<void> => {
      let isHarmed = false;
      for await (const chunk of stored) {
        if (isHarmed || chunk.length === 0) continue;
        isHarmed = true;
        const [name = ''] = await readdir(paths.partial);
        const file = await open(join(paths.partial, name), 'r+');
        // Written already, since pieces of a MiB are, and not read yet.
        await file.write('x', 900_000);
        await file.close();
      }
    };
    await assert.rejects(
      folderStore(paths).put(inChunks(Buffer.alloc(3 << 20), 1 << 20), { readBack: harm }),
      { code: 'blobDamaged' },
    );
    assert.deepEqual([await readdir(paths.partial), await readdir(paths.blobs)], [[], []]);
  });

  it('do not wait for a source that never answers once they are cancelled', async () => {
    const paths = await bareVaultFolders(folder.path());
    const controller = new AbortController();
    const silent = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      queueMicrotask(() => {
        controller.abort();
      });
      await new Promise(() => undefined);
    };
    await assert.rejects(folderStore(paths).put(silent(), { signal: controller.signal }), {
      name: 'AbortError',
    });
    assert.deepEqual(await readdir(paths.partial), []);
  });

  it('are written below a temporary name that a later sweep removes', async () => {
    const paths = await bareVaultFolders(folder.path());
    await writeFile(join(paths.partial, 'left-by-a-crash.partial'), 'x');
    assert.equal(await sweepPartials(paths.partial), 1);
    assert.deepEqual(await readdir(paths.partial), []);
    await folderStore(paths).put(inChunks(Buffer.from('x')));
  });
});
