import type { ContainerItem } from './containerItem.ts';
import { mountText, shortImage } from './containerItem.ts';
import type { MountSummary } from '../core/engine/records.ts';
import { formatBytes } from '../core/quantity.ts';
import type { DetailNode } from './node.ts';
import { portTexts } from './portText.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ItemIcon,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

export interface DetailContent {
  readonly about: DetailNode['about'];
  readonly icon: ItemIcon;
  readonly label: string;
  readonly note: string;
}

/** A line below a container. */
export class DetailItem implements DetailNode, ViewItem {
  readonly kind = 'detail';
  readonly key: string;
  #content: DetailContent;

  constructor(key: string, content: DetailContent) {
    this.key = key;
    this.#content = content;
  }

  get about(): DetailNode['about'] {
    return this.#content.about;
  }

  /** Says something else from now on. */
  update(content: DetailContent): void {
    this.#content = content;
  }

  face(): ItemFace {
    const { icon, label, note } = this.#content;
    return { label, ...described([note]), icon, expansion: 'leaf', spoken: spoken(label, note) };
  }

  details(): ItemDetails {
    return { title: this.#content.label, rows: [] };
  }
}

/** How much a container takes on disk. */
export interface ContainerSize {
  /** What it wrote itself. */
  readonly writableBytes?: number;
  /** That and its image together. */
  readonly rootfsBytes?: number;
}

/** The line about a container's size; `undefined` while it is being measured, `unknown` where it can't be. */
export function sizeContent(size: ContainerSize | 'unknown' | undefined, { l10n }: Wording): DetailContent {
  const about = { about: 'size', icon: { codicon: 'dashboard' }, note: l10n.t('size') } as const;
  if (size === undefined) return { ...about, label: l10n.t('measuring…') };
  if (size === 'unknown' || size.writableBytes === undefined) return { ...about, label: l10n.t('unknown') };
  const written = formatBytes(size.writableBytes);
  if (size.rootfsBytes === undefined) return { ...about, label: written };
  return {
    ...about,
    label: l10n.t('{written} of {total}', { written, total: formatBytes(size.rootfsBytes) }),
  };
}

/** What kind of mount it is, in words for the kinds that have one. */
function mountNote({ type, isReadOnly }: MountSummary, { l10n }: Pick<Wording, 'l10n'>): string {
  const words: Readonly<Record<string, string>> = { volume: l10n.t('volume'), bind: l10n.t('bind') };
  const word = words[type] ?? type;
  return isReadOnly ? l10n.t('{type}, read-only', { type: word }) : word;
}

/** The lines below a container: its image, then mounts, ports and networks. */
export function containerDetails(item: ContainerItem, { l10n }: Wording): readonly DetailItem[] {
  const { image, mounts, ports, networks } = item.container;
  const contents: DetailContent[] = [
    { about: 'image', icon: { own: 'image' }, label: shortImage(image), note: l10n.t('image') },
    ...mounts.map((mount): DetailContent => ({
      about: 'mount',
      icon: mount.type === 'volume' ? { own: 'volume' } : { codicon: 'folder' },
      label: mountText(mount),
      note: mountNote(mount, { l10n }),
    })),
    ...portTexts(ports).map((port): DetailContent => ({
      about: 'port',
      icon: { codicon: 'plug' },
      label: port,
      note: l10n.t('port'),
    })),
    ...networks.map((network): DetailContent => ({
      about: 'network',
      icon: { codicon: 'type-hierarchy' },
      label: network,
      note: l10n.t('network'),
    })),
  ];
  return contents.map((content, index) => new DetailItem(`${item.key}/${content.about}:${index}`, content));
}
