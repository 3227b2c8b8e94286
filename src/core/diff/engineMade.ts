import type { FileTreeKind } from '../fileTrees/fileTree.ts';
import type { FileChange } from './diffReport.ts';
import type { FileFacts } from '../layers/treeNode.ts';

/** What engines put into every container for their own mounts, where its image has nothing of that name. */
const names = new Set([
  '.dockerenv',
  'dev',
  'dev/console',
  'dev/pts',
  'dev/shm',
  'etc',
  'etc/hostname',
  'etc/hosts',
  'etc/mtab',
  'etc/resolv.conf',
  'proc',
  'run',
  'run/.containerenv',
  'run/secrets',
  'sys',
]);

/**
 * Whether a name is there only since a container has been made: empty files and folders of these names that the
 * container has and the other side has not. Source: what `docker export` gives of a container that never ran.
 */
export function isEngineMade(
  { path, kind, left, right }: FileChange,
  kinds: { readonly left: FileTreeKind; readonly right: FileTreeKind },
): boolean {
  if (!names.has(path)) return false;
  return (
    (kind === 'added' && kinds.right === 'container' && kinds.left !== 'container' && isEmpty(right)) ||
    (kind === 'removed' && kinds.left === 'container' && kinds.right !== 'container' && isEmpty(left))
  );
}

function isEmpty(facts: FileFacts | undefined): boolean {
  return facts?.sizeBytes === 0 && (facts.type !== 'symlink' || facts.link === '/proc/mounts');
}
