import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { transform, type BuildOptions, type Plugin } from 'esbuild';

/**
 * Splits a program for Node into files that are read when they are needed. esbuild splits ES modules only, and as
 * CommonJS they are read sooner and by every VS Code: each file is rewritten by itself.
 */
export function inParts(options: BuildOptions): BuildOptions {
  return {
    ...options,
    bundle: true,
    format: 'esm',
    splitting: true,
    metafile: true,
    write: false,
    sourcemap: options.sourcemap === false ? false : 'inline',
    outExtension: { '.js': '.cjs' },
    plugins: [...(options.plugins ?? []), commonJs(options)],
  };
}

function commonJs({ minify = false, sourcemap = false, target = 'esnext' }: BuildOptions): Plugin {
  return {
    name: 'common-js',
    setup(build) {
      build.onEnd(async ({ outputFiles = [] }) => {
        for (const { path, text } of outputFiles) {
          const { code, map } = await transform(text, {
            format: 'cjs',
            platform: 'node',
            target,
            minify,
            sourcemap: sourcemap === false ? false : 'external',
            // Node would load the file as an ES module, which takes several times as long.
            supported: { 'dynamic-import': false },
          });
          await mkdir(dirname(path), { recursive: true });
          if (map === '') await writeFile(path, code);
          else {
            await writeFile(path, `${code}//# sourceMappingURL=${basename(path)}.map\n`);
            await writeFile(`${path}.map`, map);
          }
        }
      });
    },
  };
}
