// Bundles the extension host, the CLI and the webview apps into dist/, or into the folder after `--out`. `--watch`
// keeps doing so.
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');
const out = process.argv.includes('--out') ? process.argv[process.argv.indexOf('--out') + 1] : 'dist';

/**
 * Parts of dockerode that Drydock never uses: BuildKit sessions (gRPC, 200 modules, .proto files read from disk), its
 * own ssh client (Drydock spawns the user's) and packing of build contexts. They are two thirds of the bundle, which
 * is read at activation; the stand-in says so if one is ever used.
 */
const withoutUnusedParts = {
  name: 'without-unused-parts',
  setup(build) {
    build.onResolve(
      { filter: /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|ssh2|tar-fs)(\/|$)/ },
      (args) => ({
        path: args.path,
        namespace: 'without-unused-parts',
      }),
    );
    build.onLoad({ filter: /.*/, namespace: 'without-unused-parts' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: () => function () { throw new Error('${path} is not part of Drydock'); } });`,
      loader: 'js',
    }));
  },
};

/**
 * What few windows need, what is large, and the engine's client, which is needed later, is a file of its own: the bundle
 * of the extension is read as a whole when it starts.
 */
const readLater = {
  name: 'read-later',
  setup(build) {
    build.onResolve({ filter: /^(yaml|xz-decompress|dockerode)$/ }, ({ path }) => ({
      path: `./${path}.cjs`,
      external: true,
    }));
  },
};

const node = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22.15',
  minify,
  sourcemap: minify ? false : 'linked',
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [withoutUnusedParts],
};

const builds = [
  {
    ...node,
    entryPoints: { extension: 'src/extension.ts' },
    external: ['vscode'],
    plugins: [withoutUnusedParts, readLater],
    outdir: out,
    outExtension: { '.js': '.cjs' },
  },
  {
    ...node,
    entryPoints: Object.fromEntries(
      ['yaml', 'xz-decompress', 'dockerode'].map((name) => [name, fileURLToPath(import.meta.resolve(name))]),
    ),
    outdir: out,
    outExtension: { '.js': '.cjs' },
  },
  {
    ...node,
    entryPoints: { cli: 'src/cli/main.ts' },
    outdir: out,
    outExtension: { '.js': '.cjs' },
    banner: { js: '#!/usr/bin/env node' },
  },
  {
    entryPoints: {
      analysis: 'src/report/app/analysis.ts',
      history: 'src/report/app/history.ts',
      shared: 'src/report/app/shared.ts',
      snapshot: 'src/report/app/snapshot.ts',
      diff: 'src/report/app/diff.ts',
      diffFile: 'src/report/app/diffFile.css',
    },
    outdir: `${out}/report`,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    minify,
    legalComments: 'none',
    logLevel: 'warning',
  },
];

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
if (watch) {
  for (const options of builds) await (await esbuild.context(options)).watch();
} else {
  await Promise.all(builds.map((options) => esbuild.build(options)));
}
