import { fileChangeKinds, type DiffReport, type FileChangeKind } from './diffReport.ts';

/** How many names changed in one way, and the bytes of their files on both sides. */
export interface KindSum {
  readonly count: number;
  readonly leftBytes: number;
  readonly rightBytes: number;
}

/** The changes of files summed up by their kind. */
export function sumsByKind({ files }: Pick<DiffReport, 'files'>): Readonly<Record<FileChangeKind, KindSum>> {
  const sums = Object.fromEntries(
    fileChangeKinds.map((kind) => [kind, { count: 0, leftBytes: 0, rightBytes: 0 }]),
  ) as Record<FileChangeKind, { count: number; leftBytes: number; rightBytes: number }>;
  for (const { kind, left, right } of files) {
    sums[kind].count += 1;
    sums[kind].leftBytes += left?.sizeBytes ?? 0;
    sums[kind].rightBytes += right?.sizeBytes ?? 0;
  }
  return sums;
}

/** Whether the sides differ in what their strictness looks at: builds that made the same in other steps do not. */
export function isDifferent({ strictness, files, config, history, packages }: DiffReport): boolean {
  return (
    files.length + config.length + packages.length > 0 ||
    (strictness === 'strict' && history.some(({ kind }) => kind !== 'same'))
  );
}
