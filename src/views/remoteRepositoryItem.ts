import { contextValues } from '../contributions.ts';
import type { RemoteRepositoryNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

/** A repository of a registry. */
export class RemoteRepositoryItem implements RemoteRepositoryNode, ViewItem {
  readonly kind = 'remoteRepository';
  readonly key: string;
  readonly host: string;
  readonly path: string;
  /** Whether a person named it, and not the registry. */
  readonly #isNamed: boolean;

  constructor(host: string, path: string, isNamed: boolean) {
    // A registry may begin to list what a person named: that is another row then.
    this.key = `remote:${host}/${path}${isNamed ? '//named' : ''}`;
    this.host = host;
    this.path = path;
    this.#isNamed = isNamed;
  }

  face({ l10n }: Wording): ItemFace {
    const parts = [this.#isNamed ? l10n.t('named by hand') : ''];
    return {
      label: this.path,
      ...described(parts),
      icon: { own: 'repository' },
      contextValue: this.#isNamed ? contextValues.remoteRepositoryNamed : contextValues.remoteRepository,
      expansion: 'collapsed',
      spoken: spoken(l10n.t('Repository {name}', { name: this.path }), ...parts),
    };
  }

  details(): ItemDetails {
    return { title: `${this.host}/${this.path}`, rows: [] };
  }
}
