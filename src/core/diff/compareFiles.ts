import { fileFacts, type FileFacts, type TreeFile, type TreeNode } from '../layers/treeNode.ts';
import type { ComparedField, Strictness } from './diffReport.ts';

/** What differs between two files of one name. */
export interface FileDifference {
  /** `metadata` also where nothing differs: `fields` is empty then. */
  readonly kind: 'content' | 'metadata' | 'type';
  readonly fields: readonly ComparedField[];
  /** The bytes of one side are not known, so that size and time had to do. */
  readonly isGuessed: boolean;
}

/**
 * Compares what two sides know of one name. A folder that no entry names has no mode, owner or time to differ in.
 * Hard links are not compared here: they are a matter of several names.
 */
export function compareFiles(
  left: TreeNode<unknown>,
  right: TreeNode<unknown>,
  strictness: Strictness,
): FileDifference {
  const [one, other] = [left.file, right.file];
  if (typeOf(left) !== typeOf(right)) return { kind: 'type', fields: [], isGuessed: false };
  if (one === undefined || other === undefined) return { kind: 'metadata', fields: [], isGuessed: false };
  const fields = differingFields(one, other, strictness);
  if (one.type !== 'file') return { kind: 'metadata', fields, isGuessed: false };
  const isComparable = one.isSparse === other.isSparse;
  const haveHash = one.sha256 !== undefined && other.sha256 !== undefined;
  // A sparse entry has the size and the bytes of its pieces; where in the file they lie may stand elsewhere.
  const areHashed = haveHash && !one.isSparse && !other.isSparse;
  const hasOtherBytes =
    (isComparable && one.sizeBytes !== other.sizeBytes) ||
    (isComparable && haveHash && one.sha256 !== other.sha256) ||
    (!areHashed && one.mtime !== other.mtime);
  const isGuessed = !areHashed && (!isComparable || one.sizeBytes === other.sizeBytes);
  return { kind: hasOtherBytes ? 'content' : 'metadata', fields, isGuessed };
}

/** What a name is; a folder that no entry names is one nevertheless. */
export function typeOf({ file, children }: TreeNode<unknown>): FileFacts['type'] {
  return children === undefined && file !== undefined ? file.type : 'directory';
}

/** What differs beside the bytes and the hard links. */
export function differingFields(
  one: TreeFile<unknown>,
  other: TreeFile<unknown>,
  strictness: Strictness,
): readonly ComparedField[] {
  const fields: ComparedField[] = [];
  // Linux gives every symlink 0777; what tools write there instead means nothing.
  if (one.type !== 'symlink' && (one.mode & 0o7777) !== (other.mode & 0o7777)) fields.push('mode');
  if (one.uid !== other.uid || one.gid !== other.gid) fields.push('owner');
  if (strictness === 'strict' && one.mtime !== other.mtime) fields.push('time');
  if ((one.link ?? '') !== (other.link ?? '') || one.rawLink !== other.rawLink) fields.push('link');
  if (!hasSameXattrs(one.xattrs, other.xattrs)) fields.push('xattrs');
  if (one.device?.[0] !== other.device?.[0] || one.device?.[1] !== other.device?.[1]) fields.push('device');
  return fields;
}

function hasSameXattrs(one: TreeFile['xattrs'], other: TreeFile['xattrs']): boolean {
  if (one === other) return true;
  const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})]);
  return [...names].every((name) => one?.[name] === other?.[name]);
}

/** What a report says of a name; a folder that no entry names is as tools make it. */
export function factsOf({ file }: { readonly file?: TreeFile<unknown> }): FileFacts {
  if (file === undefined) return { type: 'directory', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0, mtime: 0 };
  return fileFacts(file);
}
