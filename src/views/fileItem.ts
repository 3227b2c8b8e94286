import { contextValues, type ContextValue } from '../contributions.ts';
import type { ChangeKind } from '../core/fileTrees/changeKind.ts';
import { modeText } from '../core/fileTrees/modeText.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import type { TreeFile } from '../core/layers/treeNode.ts';
import { formatBytes } from '../core/quantity.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import type { FileNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ItemIcon,
  type ViewItem,
  type Wording,
} from './viewItem.ts';
import { timeOf } from './when.ts';

/** What a tree of files says of one name. */
export interface FileRow {
  readonly isFolder: boolean;
  /** Whether there is something to open below it. */
  readonly hasChildren: boolean;
  /** What is there; of what was removed, what had been. Absent for a folder that no entry names. */
  readonly file?: TreeFile<unknown>;
  /** What a changed file was in the layers below. */
  readonly before?: TreeFile<unknown>;
  readonly change?: ChangeKind;
  /** A file's own bytes; those of all files in a folder. */
  readonly sizeBytes: number;
  /** Which layer brought it; `place` from 1, the bottom one. */
  readonly origin?: { readonly place: number; readonly count: number; readonly instruction: string };
}

/** A file or a folder of an image. */
export class FileItem implements FileNode, ViewItem {
  readonly kind = 'file';
  readonly key: string;
  readonly place: FilePlace;
  readonly isFolder: boolean;
  readonly change?: ChangeKind;
  readonly #row: FileRow;

  constructor(parentKey: string, place: FilePlace, row: FileRow) {
    this.key = `${parentKey}/${visibleName(nameOf(place))}`;
    this.place = place;
    this.isFolder = row.isFolder;
    if (row.change !== undefined) this.change = row.change;
    this.#row = row;
  }

  face(wording: Wording): ItemFace {
    const { l10n } = wording;
    const { file, isFolder, hasChildren, change, sizeBytes } = this.#row;
    const label = visibleName(nameOf(this.place));
    const changed = changeWords(change, wording);
    const link = linkOf(file);
    const size = file?.type === 'file' || (isFolder && sizeBytes > 0) ? formatBytes(sizeBytes) : '';
    const owner = file === undefined || (file.uid === 0 && file.gid === 0) ? '' : `${file.uid}:${file.gid}`;
    const mode = file === undefined ? '' : modeText(file);
    return {
      label,
      // What was added or changed is told by a letter at the row's end.
      ...described([
        change === 'added' || change === 'changed' ? '' : changed,
        link === undefined ? '' : `→ ${link}`,
        size,
        mode,
        owner,
      ]),
      icon: iconOf(this.#row),
      contextValue: contextOf(this.#row),
      expansion: hasChildren ? 'collapsed' : 'leaf',
      file: { name: label, ...(change !== undefined && { change }) },
      spoken: spoken(
        label,
        isFolder ? l10n.t('folder') : link === undefined ? '' : l10n.t('link to {target}', { target: link }),
        changed,
        size,
        file === undefined ? '' : l10n.t('mode {mode}', { mode: octal(file.mode) }),
        owner === '' ? '' : l10n.t('owner {owner}', { owner }),
      ),
      ...(!isFolder && { command: { id: 'drydock.openFile', title: l10n.t('Open'), onItem: true } }),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const { file, before, isFolder, change, sizeBytes, origin } = this.#row;
    const rows: [string, string][] = [
      [l10n.t('Change'), changeWords(change, wording)],
      [l10n.t('Size'), file?.type === 'file' || isFolder ? formatBytes(sizeBytes) : ''],
      [l10n.t('Mode'), file === undefined ? '' : `${modeText(file)} (${octal(file.mode)})`],
      [l10n.t('Owner'), file === undefined ? '' : `${file.uid}:${file.gid}`],
      [l10n.t('Modified'), timeOf(file === undefined ? undefined : file.mtime * 1000, wording)],
      [l10n.t('Link to'), linkOf(file) ?? ''],
      [l10n.t('Device'), file?.device?.join(', ') ?? ''],
      [
        l10n.t('Attributes'),
        Object.keys(file?.xattrs ?? {})
          .map(visibleName)
          .join('\n'),
      ],
      ['SHA-256', file?.sha256 ?? ''],
      [
        l10n.t('Before'),
        before === undefined || change === 'removed'
          ? ''
          : [formatBytes(before.sizeBytes), modeText(before), `${before.uid}:${before.gid}`].join(' · '),
      ],
      [
        l10n.t('Layer'),
        origin === undefined
          ? ''
          : [l10n.t('{place} of {count}', { place: origin.place, count: origin.count }), origin.instruction]
              .filter((part) => part !== '')
              .join(' · '),
      ],
    ];
    return { title: `/${visibleName(this.place.path)}`, rows };
  }
}

/** The word for what a layer did; empty where nothing is to be said. */
export function changeWords(change: ChangeKind | undefined, { l10n }: Pick<Wording, 'l10n'>): string {
  switch (change) {
    case 'added':
      return l10n.t('added');
    case 'changed':
      return l10n.t('changed');
    case 'removed':
      return l10n.t('removed');
    case 'metadata':
      return l10n.t('attributes changed');
    case 'same':
      return l10n.t('written again as it was');
    case 'within':
    case undefined:
      return '';
  }
}

function nameOf({ path }: FilePlace): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function linkOf(file: TreeFile<unknown> | undefined): string | undefined {
  return file?.link === undefined ? undefined : visibleName(file.link);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** `file` and `folder` stand for the icons of the theme that people chose for files. */
function iconOf({ file, isFolder }: FileRow): ItemIcon {
  if (isFolder) return { codicon: 'folder' };
  switch (file?.type) {
    case 'symlink':
    case 'hardlink':
      return { codicon: 'file-symlink-file' };
    case 'char-device':
    case 'block-device':
      return { codicon: 'server' };
    case 'fifo':
      return { codicon: 'arrow-both' };
    default:
      return { codicon: 'file' };
  }
}

function contextOf({ change, isFolder }: FileRow): ContextValue {
  if (change === 'removed') return contextValues.fileRemoved;
  return isFolder ? contextValues.folder : contextValues.file;
}
