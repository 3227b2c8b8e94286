import type { WastedFile } from './analyzeWaste.ts';

/** All that was wasted under one path. */
export interface WastedPath {
  readonly path: string;
  readonly sizeBytes: number;
  /** Bottom first. */
  readonly files: readonly WastedFile[];
}

/** The paths that waste most, the largest first and at most `count`; of equal ones the first by name. */
export function topWastedPaths(wasted: readonly WastedFile[], count: number): readonly WastedPath[] {
  const top: WastedPath[] = [];
  for (const [path, files] of Map.groupBy(wasted, (file) => file.path)) {
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const one = { path, sizeBytes, files };
    const last = top.at(-1);
    if (top.length >= count && last !== undefined && !isBefore(one, last)) continue;
    const at = top.findIndex((other) => isBefore(one, other));
    top.splice(at < 0 ? top.length : at, 0, one);
    top.length = Math.min(top.length, count);
  }
  return top;
}

function isBefore(one: WastedPath, other: WastedPath): boolean {
  return one.sizeBytes === other.sizeBytes ? one.path < other.path : one.sizeBytes > other.sizeBytes;
}
