import { contextValues } from '../contributions.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import type { MoreNode } from './node.ts';
import { spoken, type ItemFace, type ViewItem, type Wording } from './viewItem.ts';

/** The rest of a large folder, shown when it is chosen. */
export class MoreItem implements MoreNode, ViewItem {
  readonly kind = 'more';
  readonly key: string;
  readonly place: FilePlace;
  readonly #left: number;

  constructor(parentKey: string, place: FilePlace, left: number) {
    // No file can be called so: a name holds no slash.
    this.key = `${parentKey}//more`;
    this.place = place;
    this.#left = left;
  }

  face({ l10n, language }: Wording): ItemFace {
    const label = l10n.t('Show more');
    const count = l10n.t('{count} are left', {
      count: new Intl.NumberFormat(language).format(this.#left),
    });
    return {
      label,
      description: count,
      icon: { codicon: 'ellipsis' },
      contextValue: contextValues.message,
      expansion: 'leaf',
      spoken: spoken(label, count),
      command: { id: 'drydock.showMore', title: label, onItem: true },
    };
  }

  details(): undefined {
    return undefined;
  }
}
