import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createVault, openVault, requireWritable } from '../../../src/core/vault/layout.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const compression = 'zstd';

describe('making and opening a vault', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const json = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder.path(), name), 'utf8'));

  it('makes an OCI layout that says what it is', async () => {
    const path = join(folder.path(), 'new', 'vault');
    const made = await createVault({ path, compression: 'gzip' });
    assert.deepEqual(await json('new/vault/oci-layout'), { imageLayoutVersion: '1.0.0' });
    assert.deepEqual(await json('new/vault/index.json'), {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });
    const opened = await openVault({ path, access: 'read' });
    assert.deepEqual(opened.settings, made.settings);
    assert.equal(opened.settings.compression, 'gzip');
    assert.deepEqual(opened.settings.recipients, []);
    assert.match(opened.settings.id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(await readdir(opened.paths.partial), []);
  });

  it('refuses a folder that holds anything else, and leaves it alone', async () => {
    await writeFile(join(folder.path(), 'thesis.txt'), 'years of work');
    await assert.rejects(createVault({ path: folder.path(), compression }), { code: 'vaultNotEmpty' });
    assert.deepEqual(await readdir(folder.path()), ['thesis.txt']);
  });

  it('refuses an OCI layout of another tool', async () => {
    await writeFile(join(folder.path(), 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(folder.path(), 'index.json'), '{"schemaVersion":2,"manifests":[]}');
    await assert.rejects(createVault({ path: folder.path(), compression }), { code: 'vaultNotEmpty' });
    await assert.rejects(openVault({ path: folder.path(), access: 'read' }), { code: 'notAVault' });
  });

  it('refuses to make a vault where one is, also when two try at once', async () => {
    const path = folder.path();
    const results = await Promise.allSettled([
      createVault({ path, compression }),
      createVault({ path, compression }),
    ]);
    const made = results.filter(({ status }) => status === 'fulfilled').length;
    assert.equal(made, 1);
    await assert.rejects(createVault({ path, compression }), { code: 'vaultExists' });
    await openVault({ path, access: 'write' });
  });

  it('goes on where a making was stopped', async () => {
    const path = folder.path();
    await createVault({ path, compression });
    await rm(join(path, 'drydock', 'vault.json'));
    await assert.rejects(openVault({ path, access: 'write' }), { code: 'notAVault' });
    await createVault({ path, compression });
    await openVault({ path, access: 'write' });
  });

  it('does not take a vault that lost its vault.json for one that was never made', async () => {
    const path = folder.path();
    const vault = await createVault({ path, compression });
    await putDocument(vault.blobs, 'a blob');
    await rm(join(path, 'drydock', 'vault.json'));
    await assert.rejects(createVault({ path, compression }), { code: 'vaultNotEmpty' });
  });

  it('says what is missing in a folder that is no vault', async () => {
    await assert.rejects(openVault({ path: folder.path(), access: 'read' }), { code: 'notAVault' });
    await assert.rejects(openVault({ path: join(folder.path(), 'none'), access: 'read' }), {
      code: 'notAVault',
    });
    await writeFile(join(folder.path(), 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    await assert.rejects(openVault({ path: folder.path(), access: 'read' }), { code: 'notAVault' });
  });

  it('refuses a vault.json that is not what it should be', async () => {
    const path = folder.path();
    await createVault({ path, compression });
    const file = join(path, 'drydock', 'vault.json');
    const good = (await json('drydock/vault.json')) as object;
    for (const change of [
      { id: '../..' },
      { formatVersion: 0 },
      { compression: 'xz' },
      { recipients: [1] },
    ]) {
      await writeFile(file, JSON.stringify({ ...good, ...change }));
      await assert.rejects(openVault({ path, access: 'read' }), { code: 'badJson' });
    }
    for (const text of ['', '{', '[]', 'null', '"x"', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`]) {
      await writeFile(file, text);
      await assert.rejects(openVault({ path, access: 'read' }), { code: 'badJson' }, text);
    }
    await writeFile(file, Buffer.alloc(70_000, ' '));
    await assert.rejects(openVault({ path, access: 'read' }), { code: 'badJson' });
  });

  it('reads a vault of a newer format, and refuses to write to it', async () => {
    const path = folder.path();
    await createVault({ path, compression });
    const file = join(path, 'drydock', 'vault.json');
    await writeFile(
      file,
      JSON.stringify({ ...((await json('drydock/vault.json')) as object), formatVersion: 2 }),
    );
    await assert.rejects(openVault({ path, access: 'write' }), { code: 'vaultTooNew' });
    const vault = await openVault({ path, access: 'read' });
    assert.throws(
      () => {
        requireWritable(vault);
      },
      { code: 'vaultReadOnly' },
    );
    await writeFile(file, '{"formatVersion":3,"compression":"lzma"}');
    assert.equal((await openVault({ path, access: 'read' })).settings.formatVersion, 3);
  });

  it('makes empty folders again that a copy has dropped', async () => {
    const path = folder.path();
    const { paths } = await createVault({ path, compression });
    for (const lost of [paths.partial, paths.locks, paths.journal]) await rm(lost, { recursive: true });
    await openVault({ path, access: 'read' });
    assert.deepEqual(await readdir(join(path, 'drydock')), ['vault.json']);
    await openVault({ path, access: 'write' });
    assert.deepEqual(await readdir(join(path, 'drydock')), ['journal', 'locks', 'partial', 'vault.json']);
  });

  it('does not wait for a pipe that stands where a file should', async () => {
    const path = folder.path();
    await createVault({ path, compression });
    await rm(join(path, 'drydock', 'vault.json'));
    await promisify(execFile)('mkfifo', [join(path, 'drydock', 'vault.json')]);
    await assert.rejects(openVault({ path, access: 'read' }), { code: 'fileUnusable' });
  });

  it('leaves nothing when it is cancelled before it began', async () => {
    const path = join(folder.path(), 'never');
    await assert.rejects(createVault({ path, compression }, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    await mkdir(path);
  });
});
