import type { Pacer } from '../archive/pacer.ts';
import type { TreeFile } from '../layers/treeNode.ts';

/** A name that only one side has, and its file. */
export interface LoneName {
  readonly path: string;
  readonly file: TreeFile<unknown>;
}

export interface Move {
  readonly from: LoneName;
  readonly to: LoneName;
}

/**
 * Which added name is a removed one at another place: same bytes, and nothing else that was added or removed has them.
 * Where several have the same bytes, which went where would be a guess. Empty files are all alike.
 * Gives moves by the added path.
 */
export async function movedFiles(
  removed: readonly LoneName[],
  added: readonly LoneName[],
  pacer: Pacer,
): Promise<ReadonlyMap<string, Move>> {
  const gone = await byContent(removed, pacer);
  const come = await byContent(added, pacer);
  const moved = new Map<string, Move>();
  for (const [content, to] of come) {
    if (pacer.isDue) await pacer.pause();
    const from = gone.get(content);
    if (from !== undefined && from !== 'several' && to !== 'several') moved.set(to.path, { from, to });
  }
  return moved;
}

async function byContent(
  names: readonly LoneName[],
  pacer: Pacer,
): Promise<ReadonlyMap<string, LoneName | 'several'>> {
  const found = new Map<string, LoneName | 'several'>();
  for (const name of names) {
    if (pacer.isDue) await pacer.pause();
    const { type, sha256, sizeBytes, isSparse } = name.file;
    if (type !== 'file' || sha256 === undefined || sizeBytes === 0 || isSparse) continue;
    const content = `${sha256} ${sizeBytes}`;
    found.set(content, found.has(content) ? 'several' : name);
  }
  return found;
}
