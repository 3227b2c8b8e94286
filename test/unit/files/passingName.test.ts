import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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

  it('stays where it is another user’s, and hinders nobody', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const left = passingName().replace(`-${process.pid}-`, `-${dead}-`);
    await writeFile(join(folder, left), '');
    await chmod(folder, 0o555);
    const module = new URL('../../../src/core/files/passingName.ts', import.meta.url).href;
    const script = `import(${JSON.stringify(module)}).then((all) => all.sweepLeftovers(process.argv[1]))`;
    // The administrator may do everything, so somebody else has to try.
    const who = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { status, stderr } = spawnSync(process.execPath, ['-e', script, folder], {
      ...who,
      encoding: 'utf8',
    });
    await chmod(folder, 0o755);
    assert.equal(status, 0, stderr);
  });

  it('is short enough for any file system', () => {
    assert.ok(passingName().length < 64);
  });
});
