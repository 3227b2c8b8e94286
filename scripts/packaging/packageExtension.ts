import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout, node } from '../provision/places.ts';
import { runLogged } from '../provision/runLogged.ts';
import { zipEntries } from './zipNames.ts';

/** What a package may hold; anything else is a source or a test that slipped in. */
const allowed = [
  /^\[Content_Types\]\.xml$/,
  /^extension\.vsixmanifest$/,
  /^extension\/(package|package\.nls(\.[\w-]+)?)\.json$/,
  /^extension\/(readme|changelog)\.md$/i,
  /^extension\/license(\.txt|\.md)?$/i,
  /^extension\/dist\/[\w./-]+\.(cjs|js|css|wasm)$/,
  /^extension\/media\/[\w./@-]+\.(svg|png|css|md|html)$/,
  /^extension\/l10n\/bundle\.l10n(\.[\w-]+)?\.json$/,
];
const required = [
  'extension/package.json',
  'extension/package.nls.json',
  'extension/dist/extension.cjs',
  'extension/dist/cli.cjs',
  'extension/media/drydock.png',
];
const limitBytes = 5 * 1024 * 1024;

/** Builds into dist/, minified or not. */
export async function build(options: { readonly minify: boolean }): Promise<void> {
  await runLogged(node, ['esbuild.mjs', ...(options.minify ? ['--minify'] : [])], {
    cwd: checkout,
    log: 'build',
  });
}

/** Builds and packs the extension into `folder`, checks what is inside, and returns the VSIX's path. */
export async function packageExtension(folder: string): Promise<string> {
  await build({ minify: true });
  await mkdir(folder, { recursive: true });
  const manifest = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const path = join(folder, `${manifest.name}-${manifest.version}.vsix`);
  const unchecked = `${path}.unchecked`;
  await runLogged(
    node,
    [
      ...[join(checkout, 'node_modules/@vscode/vsce/vsce'), 'package', '--no-dependencies'],
      // The project has no public address yet that links could be rewritten to.
      ...['--allow-missing-repository', '--no-rewrite-relative-links', '--out', unchecked],
    ],
    { cwd: checkout, log: 'vsce' },
  );
  await checkPackage(unchecked);
  await rename(unchecked, path);
  return path;
}

async function checkPackage(path: string): Promise<void> {
  const names = (await zipEntries(path)).map((entry) => entry.name);
  const extra = names.filter((name) => !allowed.some((pattern) => pattern.test(name)));
  if (extra.length > 0) throw new Error(`The package holds what it should not: ${extra.join(', ')}`);
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`The package lacks ${missing.join(', ')}`);
  const { size } = await stat(path);
  if (size > limitBytes)
    throw new Error(`The package has ${size} bytes, more than the ${limitBytes} we allow.`);
}
