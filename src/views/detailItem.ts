import type { ContainerItem } from './containerItem.ts';
import { mountText, shortImage } from './containerItem.ts';
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

interface DetailContent {
  readonly about: DetailNode['about'];
  readonly icon: ItemIcon;
  readonly label: string;
  readonly note: string;
}

/** A line below a container. */
export class DetailItem implements DetailNode, ViewItem {
  readonly kind = 'detail';
  readonly key: string;
  readonly #content: DetailContent;

  constructor(key: string, content: DetailContent) {
    this.key = key;
    this.#content = content;
  }

  get about(): DetailNode['about'] {
    return this.#content.about;
  }

  face(): ItemFace {
    const { icon, label, note } = this.#content;
    return { label, ...described([note]), icon, expansion: 'leaf', spoken: spoken(label, note) };
  }

  details(): ItemDetails {
    return { title: this.#content.label, rows: [] };
  }
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
      note: mount.isReadOnly ? l10n.t('{type}, read-only', { type: mount.type }) : mount.type,
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
