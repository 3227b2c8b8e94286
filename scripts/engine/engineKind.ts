import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Which engine lives in a folder, kept in its engine.json so that whoever starts it again starts the same one.
 * `root` is the root file system whose programs are run (see otherRelease.ts); without it the machine's own dockerd.
 */
export interface EngineKind {
  readonly product: 'docker' | 'podman';
  readonly store: 'classic' | 'containerd';
  readonly root?: string;
}

const own: EngineKind = { product: 'docker', store: 'classic' };

/** The kind of the engine in that folder; the machine's own Docker when nothing is said. */
export async function readEngineKind(folder: string): Promise<EngineKind> {
  try {
    return JSON.parse(await readFile(join(folder, 'engine.json'), 'utf8')) as EngineKind;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return own;
    throw error;
  }
}

export async function writeEngineKind(folder: string, kind: EngineKind): Promise<void> {
  await writeFile(join(folder, 'engine.json'), JSON.stringify(kind));
}
