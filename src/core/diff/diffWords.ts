import { modeText } from '../fileTrees/modeText.ts';
import { formatBytes } from '../quantity.ts';
import type {
  ConfigChange,
  DiffReport,
  DiffSideFacts,
  FileChange,
  FileChangeKind,
  PackageChange,
} from './diffReport.ts';
import type { FileFacts } from '../layers/treeNode.ts';
import { sumsByKind } from './diffSums.ts';

/**
 * English, for the command line and exported text; the page has words of its own. Names from images are in these words
 * as they are: who prints them makes them visible.
 */
export const kindWords: Readonly<Record<FileChangeKind, string>> = {
  added: 'added',
  removed: 'removed',
  content: 'changed',
  metadata: 'with other metadata',
  type: 'of another type',
  moved: 'moved',
};

/** `3 added (1.2 kB), 1 removed (20 B)`; `no difference` where there is none. */
export function sumWords(report: Pick<DiffReport, 'files'>): string {
  const sums = Object.entries(sumsByKind(report)) as [
    FileChangeKind,
    { count: number; leftBytes: number; rightBytes: number },
  ][];
  const words = sums.flatMap(([kind, { count, leftBytes, rightBytes }]) => {
    if (count === 0) return [];
    const bytes =
      kind === 'content' || kind === 'type'
        ? changeOfBytes(leftBytes, rightBytes)
        : formatBytes(Math.max(leftBytes, rightBytes));
    return [`${count.toLocaleString('en')} ${kindWords[kind]}${kind === 'metadata' ? '' : ` (${bytes})`}`];
  });
  return words.join(', ') || 'no difference';
}

/** `1.2 kB → 3 kB`, or one number where nothing changed. */
export function changeOfBytes(left: number | undefined, right: number | undefined): string {
  if (left === undefined || right === undefined || left === right) return formatBytes(right ?? left ?? 0);
  return `${formatBytes(left)} → ${formatBytes(right)}`;
}

/** `app:1.4 (image, 3,512 files, 80.1 MB)` */
export function sideWords({ name, kind, fileCount, sizeBytes }: DiffSideFacts): string {
  const files = `${fileCount.toLocaleString('en')} ${fileCount === 1 ? 'file' : 'files'}`;
  return `${name} (${kind}, ${files}, ${formatBytes(sizeBytes)})`;
}

/** A file's size, of anything else its type. */
export function sizeWords({ left, right }: FileChange): string {
  const [one, other] = [left && whatIs(left), right && whatIs(right)];
  if (left?.type === 'file' && right?.type === 'file') return changeOfBytes(left.sizeBytes, right.sizeBytes);
  return one === undefined || other === undefined || one === other
    ? (other ?? one ?? '')
    : `${one} → ${other}`;
}

function whatIs({ type, sizeBytes }: FileFacts): string {
  return type === 'file' ? formatBytes(sizeBytes) : type;
}

/** What differs beside the bytes, with both values where they are short: `mode -rw-r--r-- → -rwxr-xr-x`. */
export function fieldWords({ fields, left, right }: FileChange): readonly string[] {
  return fields.map((field) => {
    if (left === undefined || right === undefined) return field;
    switch (field) {
      case 'mode':
        return `mode ${modeText(left)} → ${modeText(right)}`;
      case 'owner':
        return `owner ${left.uid}:${left.gid} → ${right.uid}:${right.gid}`;
      case 'time':
        return `time ${timeWords(left.mtime)} → ${timeWords(right.mtime)}`;
      case 'link':
        return `link ${left.link ?? '-'} → ${right.link ?? '-'}`;
      default:
        return field;
    }
  });
}

/** ISO 8601 in UTC; a time that no calendar has as its number. */
export function timeWords(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString().replace('.000Z', 'Z');
}

/** Two values that look the same differ in what may not be shown. */
export function isHiddenChange({ left, right }: ConfigChange): boolean {
  return left !== undefined && left === right;
}

export function packageWords({ name, architecture }: PackageChange): string {
  return architecture === undefined ? name : `${name}:${architecture}`;
}

/** `1.2 → 1.3` */
export function versionWords({ left, right }: PackageChange): string {
  return [left, right].map((version) => version ?? '-').join(' → ');
}

/** What the report leaves out of account. */
export function strictnessWords({ strictness }: DiffReport): string {
  return strictness === 'strict'
    ? 'Compared strictly: times and build history count.'
    : 'Compared by meaning: times and build history are left out of account.';
}
