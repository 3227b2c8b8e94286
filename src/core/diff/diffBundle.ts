import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainFileError } from '../files/fileErrors.ts';
import type { DiffBundle } from './diffHtml.ts';

/** The page's program and style as esbuild.mjs puts them into `folder`: `report` beside the extension's and the CLI's own. */
export async function readDiffBundle(folder: string): Promise<DiffBundle> {
  const [script, style] = await Promise.all(
    ['diff.js', 'diffFile.css'].map(async (name) => {
      const path = join(folder, name);
      return readFile(path, 'utf8').catch((error: unknown) => {
        throw explainFileError(error, path);
      });
    }),
  );
  return { script: script ?? '', styles: [style ?? ''] };
}
