import { contextValues, type ContextValue } from '../contributions.ts';
import type { ChangedFile } from '../core/fileTrees/describeChanged.ts';
import { modeText } from '../core/fileTrees/modeText.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import { formatBytes } from '../core/quantity.ts';
import type { LiveSource } from '../core/fileTrees/liveSource.ts';
import type { LiveFileNode } from './node.ts';
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

/** A name of a container or a volume, as it is listed or among the changes. */
export interface LiveRow {
  readonly source: LiveSource;
  readonly path: string;
  /** Absent for what was deleted, and for folders of which only the name is known. */
  readonly file?: Partial<ChangedFile> & Pick<ChangedFile, 'type'>;
  readonly isMount: boolean;
  /** Set among the changes: what happened to it; `within` is a folder that is as in the image. */
  readonly change?: NonNullable<LiveFileNode['change']> | 'within';
  readonly hasChildren: boolean;
}

/** What happened to it, in the words of the layers, for its colour. */
const colours = { added: 'added', modified: 'changed', deleted: 'removed' } as const;

/** A file or a folder of a container or a volume. */
export class LiveFileItem implements LiveFileNode, ViewItem {
  readonly kind = 'liveFile';
  readonly key: string;
  readonly source: LiveSource;
  readonly path: string;
  readonly isFolder: boolean;
  readonly change?: NonNullable<LiveFileNode['change']>;
  readonly #row: LiveRow;

  constructor(parentKey: string, row: LiveRow) {
    this.key = `${parentKey}/${visibleName(nameOf(row.path))}`;
    this.source = row.source;
    this.path = row.path;
    this.isFolder = row.file === undefined ? row.change === 'within' : row.file.type === 'directory';
    if (row.change !== undefined && row.change !== 'within') this.change = row.change;
    this.#row = row;
  }

  /** Whether it stands below the changes of a container, and not in a list of all files. */
  get isAmongChanges(): boolean {
    return this.#row.change !== undefined;
  }

  face(wording: Wording): ItemFace {
    const { l10n } = wording;
    const { file, isMount, hasChildren } = this.#row;
    const label = visibleName(nameOf(this.path));
    const change = changeWord(this.change, wording);
    const link = file?.link === undefined ? '' : visibleName(file.link);
    const size = file?.type === 'file' ? formatBytes(file.sizeBytes ?? 0) : '';
    const owner = ownerText(file);
    const mount = isMount ? l10n.t('mounted') : '';
    const mode = file?.mode === undefined ? '' : modeText({ type: file.type, mode: file.mode });
    return {
      label,
      ...described([change, link === '' ? '' : `→ ${link}`, mount, size, mode, owner === '0:0' ? '' : owner]),
      icon: iconOf(this.isFolder, file?.type),
      contextValue: this.#contextValue(),
      expansion: hasChildren ? 'collapsed' : 'leaf',
      file: { name: label, ...(this.change && { change: colours[this.change] }) },
      spoken: spoken(
        label,
        this.isFolder ? l10n.t('folder') : '',
        link === '' ? '' : l10n.t('link to {target}', { target: link }),
        change,
        mount,
        size,
      ),
      ...this.#command(wording),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const { file } = this.#row;
    return {
      title: `/${visibleName(this.path)}`,
      rows: [
        [l10n.t('Change'), changeWord(this.change, wording)],
        [l10n.t('Size'), file?.type === 'file' ? formatBytes(file.sizeBytes ?? 0) : ''],
        [l10n.t('Mode'), file?.mode === undefined ? '' : modeText({ type: file.type, mode: file.mode })],
        [l10n.t('Owner'), ownerText(file)],
        [l10n.t('Modified'), timeOf(file?.mtime === undefined ? undefined : file.mtime * 1000, wording)],
        [l10n.t('Link to'), file?.link === undefined ? '' : visibleName(file.link)],
      ],
    };
  }

  #contextValue(): ContextValue {
    if (this.change === 'deleted') return contextValues.liveDeleted;
    if (this.isFolder) return this.isAmongChanges ? contextValues.changedFolder : contextValues.liveFolder;
    if (this.change === 'modified') return contextValues.modifiedFile;
    return this.change === 'added' ? contextValues.addedFile : contextValues.liveFile;
  }

  #command({ l10n }: Wording): Pick<ItemFace, 'command'> {
    if (this.isFolder) return {};
    if (this.change === 'modified' || this.change === 'deleted')
      return {
        command: { id: 'drydock.compareWithImage', title: l10n.t('Compare with Image'), onItem: true },
      };
    return { command: { id: 'drydock.openLiveFile', title: l10n.t('Open'), onItem: true } };
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function changeWord(change: LiveFileNode['change'], { l10n }: Wording): string {
  switch (change) {
    case 'added':
      return l10n.t('added');
    case 'modified':
      return l10n.t('modified');
    case 'deleted':
      return l10n.t('deleted');
    case undefined:
      return '';
  }
}

function ownerText(file: LiveRow['file']): string {
  return file?.uid === undefined ? '' : `${file.uid}:${file.gid ?? ''}`;
}

function iconOf(isFolder: boolean, type: ChangedFile['type'] | undefined): ItemIcon {
  if (isFolder) return { codicon: 'folder' };
  switch (type) {
    case 'symlink':
    case 'hardlink':
      return { codicon: 'file-symlink-file' };
    case 'char-device':
    case 'block-device':
    case 'device':
      return { codicon: 'server' };
    case 'fifo':
    case 'socket':
      return { codicon: 'arrow-both' };
    default:
      return { codicon: 'file' };
  }
}
