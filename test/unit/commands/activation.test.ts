import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { activateOnce } from '../../bench/activation.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const metafile = z.object({
  outputs: z.record(z.string(), z.object({ inputs: z.record(z.string(), z.unknown()) })),
});

describe('the bundle of the extension', () => {
  let folder: string;
  /** Modules of Node, and files of the bundle, that activation loads. */
  let loaded: readonly string[];
  let files: readonly string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-activation-'));
    const build = ['esbuild.mjs', '--minify', '--out', folder, '--metafile', join(folder, 'meta.json')];
    await promisify(execFile)(process.execPath, build, { cwd: root });
    loaded = (await activateOnce(join(folder, 'extension.cjs'))).loaded;
    files = loaded.filter(isAbsolute);
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('loads no client of an engine at activation', () => {
    assert.ok(loaded.includes('node:path'), 'nothing was recorded');
    const ofClients = /^(node:)?(https?|net|tls|dns|child_process)$/;
    assert.deepEqual(
      loaded.filter((name) => ofClients.test(name)),
      [],
    );
  });

  it('is small where it is read at activation', async () => {
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(sizeBytes > 100_000 && sizeBytes < 220_000, `${sizeBytes} bytes`);
    assert.ok(files.length < 30, `${files.length} files`);
  });

  it('reads no package and none of what commands, pages and engines need at activation', async () => {
    const { outputs } = metafile.parse(JSON.parse(await readFile(join(folder, 'meta.json'), 'utf8')));
    const sources = files.flatMap((file) => Object.keys(outputs[relative(root, file)]?.inputs ?? {}));
    assert.ok(sources.includes('src/extension.ts'), 'nothing was recorded');
    const later = [
      /node_modules/,
      /^src\/(docker|registry|report)\//,
      /^src\/commands\/(?!registerCommands|commandTable|soundArguments)/,
    ];
    assert.deepEqual(
      sources.filter((source) => later.some((pattern) => pattern.test(source))),
      [],
    );
  });

  it('comes in so few files that packing it is no loss', async () => {
    const { outputs } = metafile.parse(JSON.parse(await readFile(join(folder, 'meta.json'), 'utf8')));
    // vsce advises against packages of more.
    assert.ok(Object.keys(outputs).length <= 100, `${Object.keys(outputs).length} files`);
  });
});
