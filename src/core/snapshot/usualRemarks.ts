import type { Remark } from './snapshotRecords.ts';

/**
 * Whether something is said of every volume and no reason to look at this one: what no engine hands out. It stands in
 * the document, and is neither counted nor told after a backup, for who is always warned no longer reads.
 */
export function isUsual({ kind }: Remark): boolean {
  return kind === 'xattrs';
}
