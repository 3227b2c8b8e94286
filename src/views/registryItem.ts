import { contextValues } from '../contributions.ts';
import { isDeepStrictEqual } from 'node:util';
import type { KnownRegistry } from '../registries/registrySettings.ts';
import type { RegistryNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

/** A registry of the settings. */
export class RegistryItem implements RegistryNode, ViewItem {
  readonly kind = 'registry';
  readonly key: string;
  readonly host: string;
  #known: KnownRegistry;

  constructor(known: KnownRegistry) {
    this.key = `registry:${known.host}`;
    this.host = known.host;
    this.#known = known;
  }

  get known(): KnownRegistry {
    return this.#known;
  }

  update(known: KnownRegistry): boolean {
    const isSame = isDeepStrictEqual(known, this.#known);
    this.#known = known;
    return !isSame;
  }

  face({ l10n }: Wording): ItemFace {
    const parts = [this.#known.isPlainHttp ? 'http' : ''];
    return {
      label: this.host,
      ...described(parts),
      icon: { codicon: 'server' },
      contextValue: contextValues.registry,
      expansion: 'collapsed',
      spoken: spoken(l10n.t('Registry {name}', { name: this.host }), ...parts),
    };
  }

  details({ l10n }: Wording): ItemDetails {
    const { repositories, isPlainHttp } = this.#known;
    return {
      title: this.host,
      rows: [
        [l10n.t('Connection'), isPlainHttp ? l10n.t('http, which anybody on the way can read') : ''],
        [l10n.t('Named by hand'), repositories.join('\n')],
      ],
    };
  }
}
