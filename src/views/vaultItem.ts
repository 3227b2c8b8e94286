import { contextValues, type ContextValue } from '../contributions.ts';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import { formatBytes } from '../core/quantity.ts';
import { isNotThereYet } from '../vaults/notThereYet.ts';
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
    const isBroken = state.kind === 'failed' && !isNotThereYet(this.#vault);
    const parts = [this.#summary(wording), this.#isDefault ? l10n.t('default') : ''];
    return {
      label: name,
      ...described(parts),
      icon: {
        codicon: isBroken ? 'error' : isRegistryVault(this.path) ? 'cloud' : 'archive',
      },
      contextValue: this.#contextValue(),
      expansion: 'expanded',
      spoken: spoken(l10n.t('Vault {name}', { name }), ...parts),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const { name, path, state } = this.#vault;
    const snapshots = state.kind === 'open' ? state.snapshots : [];
    // A registry does not tell what was new of each.
    const isFolder = state.kind === 'open' && state.vault.listing === undefined;
    const stored = snapshots.reduce((sum, { newBytes }) => sum + newBytes, 0);
    return {
      title: name,
      rows: [
        [isRegistryVault(path) ? l10n.t('Registry') : l10n.t('Folder'), path],
        [l10n.t('Snapshots'), state.kind === 'open' ? String(snapshots.length) : ''],
        [l10n.t('Stored for them'), isFolder ? formatBytes(stored) : ''],
        [l10n.t('Compression'), isFolder ? state.vault.settings.compression : ''],
      ],
    };
  }

  #contextValue(): ContextValue {
    if (this.#vault.state.kind === 'failed') return contextValues.vaultFailed;
    return isRegistryVault(this.path) ? contextValues.vaultInRegistry : contextValues.vault;
  }

  #summary({ l10n }: Wording): string {
    const { state } = this.#vault;
    switch (state.kind) {
      case 'opening':
        return l10n.t('Loading…');
      case 'failed':
        return isNotThereYet(this.#vault) ? l10n.t('nothing there yet') : l10n.t('can’t be opened');
      case 'open':
        return snapshotCount(state.snapshots.length, { l10n });
    }
  }
}
