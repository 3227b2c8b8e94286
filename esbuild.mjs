// Bundles the extension host, the CLI and the webview apps into dist/, or into the folder after `--out`. `--watch`
// keeps doing so. `--metafile` writes to the file after it which sources are in which file.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { inParts } from './scripts/bundle/inParts.ts';
import { laterParts } from './scripts/bundle/laterParts.ts';

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

/** Of the manifest the CLI tells its version and the Node it needs; the rest is VS Code's. */
const shortManifest = {
  name: 'short-manifest',
  setup(build) {
    build.onLoad({ filter: /[\\/]package\.json$/ }, async ({ path }) => {
      if (path !== fileURLToPath(new URL('package.json', import.meta.url))) return undefined;
      const { version, engines } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version, engines }), loader: 'json' };
    });
  },
};

const node = {
  platform: 'node',
  target: 'node22.15',
  minify,
  sourcemap: minify ? false : 'linked',
  legalComments: 'none',
  logLevel: 'warning',
  outdir: out,
};

const builds = [
  inParts({
    ...node,
    entryPoints: { extension: 'src/extension.ts' },
    chunkNames: 'extension/[hash]',
    external: ['vscode'],
    plugins: [withoutUnusedParts, laterParts(['.'])],
  }),
  inParts({
    ...node,
    entryPoints: { cli: 'src/cli/main.ts' },
    chunkNames: 'cli/[hash]',
    plugins: [withoutUnusedParts, shortManifest, laterParts(['cli', 'core', 'docker', 'registry'])],
  }),
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
  const built = await Promise.all(builds.map((options) => esbuild.build(options)));
  if (process.argv.includes('--metafile')) {
    const outputs = Object.assign({}, ...built.map(({ metafile }) => metafile?.outputs));
    await writeFile(process.argv[process.argv.indexOf('--metafile') + 1], JSON.stringify({ outputs }));
  }
}
