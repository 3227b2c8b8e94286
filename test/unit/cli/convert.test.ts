import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { hostPlatform } from '../../../src/core/bundle/hostPlatform.ts';
import { packedOci } from '../../support/archives/packedOci.ts';
import { legacyEngine } from '../../support/archives/producers.ts';
import { sampleImages } from '../../support/archives/sampleImages.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { runCliHere } from './runCliHere.ts';

const [app, base] = sampleImages();

describe('drydock convert', () => {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path(), name);

  it('tells what it made, by ID and name, and needs no engine', async () => {
    await writeFile(at('in.tar'), legacyEngine([app, base]));
    const ran = await runCliHere([
      'convert',
      at('in.tar'),
      '--to',
      'oci-archive',
      '-o',
      at('o.tgz'),
      '--json',
    ]);
    assert.equal(ran.exitCode, 0, ran.stderr);
    const said = JSON.parse(ran.stdout) as {
      images: { configDigest: string; tags: string[] }[];
      digest: string;
    };
    assert.deepEqual(
      said.images.map(({ configDigest, tags }) => [configDigest, tags]),
      [app, base].map(({ configDigest, tags }) => [configDigest, [...tags]]),
    );
    assert.equal(ran.setting, undefined);
    assert.deepEqual([...(await readFile(at('o.tgz'))).subarray(0, 2)], [0x1f, 0x8b]);
    assert.equal(`${said.digest.slice(7)}  o.tgz\n`, await readFile(at('o.tgz.sha256'), 'utf8'));
  });

  it('takes standard input, makes a folder, and tells of layers that old engines can’t read', async () => {
    const { bytes } = packedOci(app, 'zstd', zstdCompressSync);
    const around = { stdin: bytes, temporaryFolder: folder.path() };
    const made = await runCliHere(['convert', '-', '--to', 'oci-layout', '-o', at('layout'), '-q'], around);
    assert.deepEqual([made.exitCode, made.stdout], [0, `${at('layout')}\n`]);
    const told = await runCliHere(['convert', at('layout'), '--to', 'docker-archive', '-o', at('d.tar')]);
    assert.match(told.stderr, /Docker before 23 can’t read; --portable/);
    assert.match(told.stdout, /^Converted and verified: app:1/);
  });

  it('calls processors as images do', () => {
    assert.deepEqual(
      ['x64', 'arm64', 'ia32', 's390x'].map((arch) => hostPlatform(arch).architecture),
      ['amd64', 'arm64', '386', 's390x'],
    );
  });
});
