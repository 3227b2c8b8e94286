// Bundles the extension host, the CLI and the webview apps into dist/, or into the folder after `--out`. `--watch`
// keeps doing so.
import { mkdir, rm } from 'node:fs/promises';
import * as esbuild from 'esbuild';

const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');
const out = process.argv.includes('--out') ? process.argv[process.argv.indexOf('--out') + 1] : 'dist';

/**
 * dockerode loads gRPC and protobuf (200 modules, .proto files read from disk) for BuildKit sessions alone, which
 * Drydock never opens. The bundle carries a stand-in that says so if that ever changes.
 */
const withoutBuildKitSession = {
  name: 'without-buildkit-session',
  setup(build) {
    build.onResolve({ filter: /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs)(\/|$)/ }, (args) => ({
      path: args.path,
      namespace: 'without-buildkit-session',
    }));
    build.onLoad({ filter: /.*/, namespace: 'without-buildkit-session' }, () => ({
      contents: `module.exports = new Proxy({}, { get() { throw new Error('BuildKit sessions are not part of Drydock'); } });`,
      loader: 'js',
    }));
  },
};

/**
 * ssh2's native parts are there or not, as npm built them on this machine. The bundle never has them: their users
 * catch the failure and do without, so that one package is made everywhere.
 */
const withoutNativeParts = {
  name: 'without-native-parts',
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, (args) => ({
      path: args.path,
      namespace: 'without-native-parts',
    }));
    build.onLoad({ filter: /.*/, namespace: 'without-native-parts' }, () => ({
      contents: `throw new Error('Native parts are not bundled');`,
      loader: 'js',
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
  plugins: [withoutBuildKitSession, withoutNativeParts],
};

const builds = [
  {
    ...node,
    entryPoints: { extension: 'src/extension.ts' },
    external: ['vscode'],
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
    entryPoints: { history: 'src/report/app/history.ts' },
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
