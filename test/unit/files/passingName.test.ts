import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { passingName, sweepLeftovers } from '../../../src/core/files/passingName.ts';

describe('what a killed process left', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-sweep-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('is removed, files and folders, and nothing else is', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const mine = passingName();
    const left = mine.replace(`-${process.pid}-`, `-${dead}-`);
    const elsewhere = left.replace(/^\.drydock-[0-9a-f]{8}/, '.drydock-00000000');
    const others = [mine, elsewhere, 'archive.tar', '.hidden', '.drydock-save-x', '.archive.tar.abc.partial'];
    for (const name of [...others, left]) await writeFile(join(folder, name), '');
    const leftFolder = left.replace(/[0-9a-f]{12}\.partial$/, '0123456789ab.partial');
    await mkdir(join(folder, leftFolder));
    await writeFile(join(folder, leftFolder, 'layer'), 'x');

    await sweepLeftovers(folder);

    assert.deepEqual((await readdir(folder)).sort(), others.sort());
  });

  it('is short enough for any file system', () => {
    assert.ok(passingName().length < 64);
  });
});
