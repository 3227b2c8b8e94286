import { contextValues } from '../contributions.ts';
import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { RemoteMoreNode } from './node.ts';
import type { ItemFace, ViewItem, Wording } from './viewItem.ts';

/** The rest of a long list of a registry, read when it is chosen. How much that is nobody knows. */
export class RemoteMoreItem implements RemoteMoreNode, ViewItem {
  readonly kind = 'remoteMore';
  readonly key: string;
  readonly host: string;
  readonly path?: string;

  constructor(parentKey: string, { host, path }: RemotePlace) {
    this.key = `${parentKey}//more`;
    this.host = host;
    if (path !== undefined) this.path = path;
  }

  face({ l10n }: Wording): ItemFace {
    const label = l10n.t('Show more');
    return {
      label,
      icon: { codicon: 'ellipsis' },
      contextValue: contextValues.message,
      expansion: 'leaf',
      spoken: label,
      command: { id: 'drydock.showMore', title: label, onItem: true },
    };
  }

  details(): undefined {
    return undefined;
  }
}
