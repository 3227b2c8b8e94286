import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { checkout } from '../../scripts/provision/places.ts';
import { matchingFiles } from '../../scripts/tests/matchingFiles.ts';

/** Bundles every test file, and the module that runs them, into `outdir`; returns that module's path. */
export async function bundleSuite(outdir: string): Promise<string | undefined> {
  const files = await matchingFiles('test/extension/suite/**/*.test.ts', checkout);
  if (files.length === 0) return undefined;
  await esbuild.build({
    absWorkingDir: checkout,
    entryPoints: [...files, 'test/extension/insideHost.ts'],
    outbase: 'test/extension',
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22.15',
    outExtension: { '.js': '.cjs' },
    sourcemap: 'inline',
    // mocha is one copy for runner and tests; the rest is bundled, since outdir has no node_modules.
    external: ['vscode', 'playwright-core', 'dockerode'],
    alias: { mocha: join(checkout, 'node_modules/mocha/index.js') },
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    // mocha's parallel mode, which is not used, makes esbuild warn.
    logLevel: 'error',
  });
  return join(outdir, 'insideHost.cjs');
}
