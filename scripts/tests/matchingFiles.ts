import { glob } from 'node:fs/promises';

/** The files below `folder` that match, relative to it, in order of name. */
export async function matchingFiles(pattern: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(pattern, { cwd: folder })) files.push(file);
  return files.sort();
}
