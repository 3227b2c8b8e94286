import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksumLine, readChecksum, requireChecksum } from '../../../src/core/archive/checksumFile.ts';
import { digestOf } from '../../../src/core/digest.ts';

describe('the checksum beside an archive', () => {
  let folder: string;
  let path: string;
  const digest = digestOf('the bytes');
  const hex = digest.slice('sha256:'.length);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-checksum-'));
    path = join(folder, 'app.tar');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  for (const [form, text] of [
    ['sha256sum', checksumLine(digest, '/elsewhere/app.tar')],
    ['sha256sum, binary', `${hex} *app.tar\n`],
    ['BSD', `SHA256 (app.tar) = ${hex}\n`],
    ['a bare digest in capitals', hex.toUpperCase()],
    ['a list of several files', `${'0'.repeat(64)}  other.tar\n${hex}  app.tar\n`],
  ] as const) {
    it(`is read as ${form}`, async () => {
      await writeFile(`${path}.sha256`, text);
      assert.equal(await readChecksum(path), digest);
    });
  }

  it('may be missing, a folder, or something else altogether', async () => {
    assert.equal(await readChecksum(path), undefined);
    await mkdir(`${path}.sha256`);
    assert.equal(await readChecksum(path), undefined);
    await rm(`${path}.sha256`, { recursive: true });
    await writeFile(`${path}.sha256`, 'no digest here\n');
    assert.equal(await readChecksum(path), undefined);
    await writeFile(`${path}.sha256`, `${hex}  b.tar\n${hex}  c.tar\n`);
    assert.equal(await readChecksum(path), undefined);
  });

  it('refuses an archive of which it states another digest', async () => {
    const archive = {
      name: 'app.tar',
      form: 'docker-archive',
      compression: 'none',
      images: [],
      remarks: [],
    } as const;
    await writeFile(`${path}.sha256`, `${hex}  app.tar\n`);
    await requireChecksum({ ...archive, fileDigest: digest }, path);
    await requireChecksum(archive, path);
    await assert.rejects(requireChecksum({ ...archive, fileDigest: digestOf('other bytes') }, path), {
      code: 'checksumDiffers',
    });
  });
});
