import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { activateOnce } from '../../bench/activation.ts';

describe('the bundle of the extension', () => {
  let folder: string;
  let bundle: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-activation-'));
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const build = ['esbuild.mjs', '--minify', '--out', folder];
    await promisify(execFile)(process.execPath, build, { cwd: root });
    bundle = join(folder, 'extension.cjs');
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('loads no client of an engine before activate() has returned', async () => {
    const { loaded } = await activateOnce(bundle);
    assert.ok(loaded.includes('node:path'), 'nothing was recorded');
    const ofClients = /^(node:)?(https?|net|tls|dns|child_process)$/;
    assert.deepEqual(
      loaded.filter((name) => ofClients.test(name)),
      [],
    );
  });

  it('stays small enough to be read at activation', async () => {
    assert.ok((await stat(bundle)).size < 1_200_000);
  });
});
