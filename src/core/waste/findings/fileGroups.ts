import type { Origin } from '../../layers/mergeLayers.ts';
import type { TreeFile } from '../../layers/treeNode.ts';
import { mostPaths, type FindingCode } from './finding.ts';

/** Files of one layer that one finding is about. */
export interface FileGroup {
  readonly code: FindingCode;
  readonly args: Readonly<Record<string, string>>;
  readonly place: number;
  savedBytes: number;
  wastedBytes: number;
  pathCount: number;
  /** The largest, the largest first. */
  readonly largest: { readonly path: string; readonly sizeBytes: number }[];
}

/** What a group is of: one finding for each code, what it is about, and layer. */
export type GroupKey = Pick<FileGroup, 'code' | 'args' | 'place'>;

/** Sorts files into groups. A file with several names counts once, and only when all of its names are in the group. */
export class FileGroups {
  readonly #groups = new Map<string, FileGroup>();
  readonly #linked = new Map<FileGroup, Map<TreeFile<Origin>, number>>();

  /** Paths of which several layers have something. */
  readonly #told = new Map<FileGroup, Set<string>>();

  /** A file that can be seen at `path`. */
  addVisible(key: GroupKey, path: string, file: TreeFile<Origin>): void {
    const group = this.#group(key);
    note(group, path, file.sizeBytes);
    if (file.layer.names <= 1) {
      group.savedBytes += file.sizeBytes;
      return;
    }
    const linked = this.#linked.get(group) ?? new Map<TreeFile<Origin>, number>();
    this.#linked.set(group, linked);
    const seen = (linked.get(file) ?? 0) + 1;
    linked.set(file, seen);
    if (seen === file.layer.names) group.savedBytes += file.sizeBytes;
  }

  /** A file that a later layer has replaced or deleted. */
  addWasted(key: GroupKey, path: string, sizeBytes: number): void {
    const group = this.#group(key);
    group.wastedBytes += sizeBytes;
    const told = this.#told.get(group) ?? new Set<string>();
    this.#told.set(group, told);
    if (told.has(path)) return;
    told.add(path);
    note(group, path, sizeBytes);
  }

  all(): readonly FileGroup[] {
    return [...this.#groups.values()];
  }

  #group({ code, args, place }: GroupKey): FileGroup {
    const id = JSON.stringify([code, args, place]);
    const known = this.#groups.get(id);
    if (known !== undefined) return known;
    const made = { code, args, place, savedBytes: 0, wastedBytes: 0, pathCount: 0, largest: [] };
    this.#groups.set(id, made);
    return made;
  }
}

function note(group: FileGroup, path: string, sizeBytes: number): void {
  const { largest } = group;
  group.pathCount += 1;
  const last = largest.at(-1);
  if (largest.length >= mostPaths && last !== undefined && last.sizeBytes >= sizeBytes) return;
  const at = largest.findIndex((other) => other.sizeBytes < sizeBytes);
  largest.splice(at < 0 ? largest.length : at, 0, { path, sizeBytes });
  largest.length = Math.min(largest.length, mostPaths);
}
