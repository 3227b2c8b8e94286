import { contextValues } from '../contributions.ts';
import type { ContainerChanges } from '../core/fileTrees/containerChanges.ts';
import { formatBytes } from '../core/quantity.ts';
import type { ContainerSource } from '../core/fileTrees/liveSource.ts';
import type { ChangesNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

/** What a container changed against its image, found when somebody opens it. */
export class ChangesItem implements ChangesNode, ViewItem {
  readonly kind = 'changes';
  readonly key: string;
  readonly source: ContainerSource;
  #found: Pick<ContainerChanges, 'counts' | 'sizeBytes'> | undefined;

  constructor(parentKey: string, source: ContainerSource) {
    this.key = `${parentKey}/changes`;
    this.source = source;
  }

  /** Takes what was found, or that it is not known any more; true when it says something else now. */
  update(found: Pick<ContainerChanges, 'counts' | 'sizeBytes'> | undefined): boolean {
    const isSame = found === this.#found;
    this.#found = found;
    return !isSame;
  }

  face({ l10n }: Wording): ItemFace {
    const label = l10n.t('Changes');
    const found = this.#found;
    const parts =
      found === undefined
        ? [l10n.t('against its image')]
        : [
            l10n.t('{added} added, {modified} modified, {deleted} deleted', { ...found.counts }),
            found.sizeBytes === 0 ? '' : formatBytes(found.sizeBytes),
          ];
    return {
      label,
      ...described(parts),
      icon: { codicon: 'diff' },
      contextValue: contextValues.changes,
      expansion: 'collapsed',
      spoken: spoken(label, ...parts),
    };
  }

  details({ l10n }: Wording): ItemDetails {
    return {
      title: l10n.t('Changes'),
      rows: [['', l10n.t('What the container holds beyond its image, without what is mounted.')]],
    };
  }
}
