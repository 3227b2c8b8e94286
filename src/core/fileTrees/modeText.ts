import type { PathStat } from '../engine/records.ts';
import type { TreeFile } from '../layers/treeNode.ts';

type FileType = TreeFile['type'] | PathStat['type'];

const typeLetters: Readonly<Record<FileType, string>> = {
  file: '-',
  hardlink: '-',
  directory: 'd',
  symlink: 'l',
  'char-device': 'c',
  'block-device': 'b',
  fifo: 'p',
  /** An engine that is asked for one name does not tell which kind of device it is. */
  device: 'c',
  socket: 's',
  other: '?',
};

/** `drwxr-x--T`, as ls shows it. */
export function modeText({ type, mode }: { readonly type: FileType; readonly mode: number }): string {
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const isSet = (mode & special) !== 0;
    const runs = (bits & 1) !== 0;
    const last = isSet ? (runs ? letter : letter.toUpperCase()) : runs ? 'x' : '-';
    return `${(bits & 4) === 0 ? '-' : 'r'}${(bits & 2) === 0 ? '-' : 'w'}${last}`;
  };
  return `${typeLetters[type]}${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`;
}
