import { contextValues } from '../contributions.ts';
import { formatBytes } from '../core/quantity.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import type { VaultNode } from './node.ts';
import { snapshotCount } from './snapshotItem.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

/** A vault of the settings. */
export class VaultItem implements VaultNode, ViewItem {
  readonly kind = 'vault';
  readonly key: string;
  readonly path: string;
  #vault: KnownVault;
  #isDefault = false;

  constructor(vault: KnownVault) {
    this.key = `vault:${vault.path}`;
    this.path = vault.path;
    this.#vault = vault;
  }

  get name(): string {
    return this.#vault.name;
  }

  get vault(): KnownVault {
    return this.#vault;
  }

  update(vault: KnownVault, isDefault: boolean): boolean {
    const isSame = vault === this.#vault && isDefault === this.#isDefault;
    this.#vault = vault;
    this.#isDefault = isDefault;
    return !isSame;
  }

  face(wording: Wording): ItemFace {
    const { l10n } = wording;
    const { name, state } = this.#vault;
    const parts = [this.#summary(wording), this.#isDefault ? l10n.t('default') : ''];
    return {
      label: name,
      ...described(parts),
      icon: { codicon: state.kind === 'failed' ? 'error' : 'archive' },
      contextValue: state.kind === 'failed' ? contextValues.vaultFailed : contextValues.vault,
      expansion: 'expanded',
      spoken: spoken(l10n.t('Vault {name}', { name }), ...parts),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const { name, path, state } = this.#vault;
    const snapshots = state.kind === 'open' ? state.snapshots : [];
    const stored = snapshots.reduce((sum, { newBytes }) => sum + newBytes, 0);
    return {
      title: name,
      rows: [
        [l10n.t('Folder'), path],
        [l10n.t('Snapshots'), state.kind === 'open' ? String(snapshots.length) : ''],
        [l10n.t('Stored for them'), state.kind === 'open' ? formatBytes(stored) : ''],
        [l10n.t('Compression'), state.kind === 'open' ? state.vault.settings.compression : ''],
      ],
    };
  }

  #summary({ l10n }: Wording): string {
    const { state } = this.#vault;
    switch (state.kind) {
      case 'opening':
        return l10n.t('Loading…');
      case 'failed':
        return l10n.t('can’t be opened');
      case 'open':
        return snapshotCount(state.snapshots.length, { l10n });
    }
  }
}
