import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { BundleToRestore } from '../core/bundle/bundleToRestore.ts';
import { bundleVaultFolder } from '../core/bundle/bundleVaultFolder.ts';
import type { Engine } from '../core/engine/engine.ts';
import { isCancellation } from '../core/errors.ts';
import type { Inventory } from '../core/inspect/inventory.ts';
import { isRegistryVault, parseRegistryVault } from '../core/registry/registryVaultName.ts';
import type { RemoteRegistry } from '../core/registry/remoteRepository.ts';
import type { RegistryVault } from '../core/transfer/registryVault.ts';
import type { Vault } from '../core/vault/layout.ts';
import type { ProcessIdentity } from '../core/vault/processIdentity.ts';
import { errorWords } from '../ui/errorWords.ts';
import type { Log } from '../ui/log.ts';
import { readSetting } from '../ui/settings.ts';
import { ProtectionInUse } from './protectionInUse.ts';
import { VaultList } from './vaultList.ts';
import { parseVaultSettings } from './vaultSettings.ts';

export interface VaultsInUseDeps {
  readonly inventory: Inventory;
  readonly engine: () => Engine;
  /** Connections of their own. */
  readonly registries: { connect(host: string): Promise<RemoteRegistry> };
  /** Where vaults of this machine lie that restores out of registries and bundles work in. */
  readonly storage: vscode.Uri;
  readonly log: Log;
}

/** What an operation on a vault is given. */
export interface WritableVault {
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
}

/** The vaults of the settings in this window. The code that reads them loads when the first is opened. */
export class VaultsInUse {
  readonly list: VaultList;
  readonly protection: ProtectionInUse;
  readonly #deps: VaultsInUseDeps;
  readonly #disposables: { dispose(): unknown }[];
  readonly #recovered = new Set<string>();
  /** By host. */
  readonly #registries = new Map<string, Promise<RemoteRegistry>>();
  /** Settles once the vaults that the settings name now were read. */
  ready: Promise<void>;

  constructor(deps: VaultsInUseDeps) {
    this.#deps = deps;
    this.list = new VaultList({
      open: (path) => this.read(path),
      readSnapshots: async (vault, cancel) =>
        (await import('../core/snapshot/snapshots.ts')).readSnapshots(vault, cancel),
      readHeld: async (vault, snapshot) => {
        const { openSnapshot } = await import('../core/snapshot/snapshots.ts');
        const { containers, volumes } = await openSnapshot(vault, snapshot);
        return {
          containers: containers.map(({ document }) => document.name),
          volumes: volumes.flatMap(({ document: { kind, name } }) => (kind === 'volume' ? [name] : [])),
        };
      },
      watch: watchIndex,
      log: deps.log,
    });
    this.protection = new ProtectionInUse({
      vaults: this.list,
      inventory: deps.inventory,
      policies: () => readSetting('backup.policies'),
      nowMs: () => Date.now(),
    });
    const recover = (): void => {
      void this.#recover().catch((error: unknown) => {
        deps.log.error('putting right what an interrupted backup left', error);
      });
    };
    this.#disposables = [
      this.list,
      this.protection,
      this.list.onDidChange(recover),
      deps.inventory.onDidChange(({ kind }) => {
        if (kind === 'state') recover();
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('drydock.vaults')) void this.reload();
        if (change.affectsConfiguration('drydock.registries')) this.#connectAnew();
        if (change.affectsConfiguration('drydock.backup.policies')) this.protection.renew();
      }),
      // Watchers miss what happens on network drives, and drives that come and go.
      vscode.window.onDidChangeWindowState(({ focused }) => {
        // A registry is asked once for each of its tags, and not at every look at the window.
        if (focused)
          for (const { path } of this.list.vaults) if (!isRegistryVault(path)) void this.list.refresh(path);
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        void this.reload();
      }),
    ];
    this.ready = this.#use();
  }

  /** Reads the setting again, for example after it was written. */
  reload(): Promise<void> {
    this.ready = this.#use();
    return this.ready;
  }

  /** Opens a vault to be read. */
  async read(path: string): Promise<Vault> {
    if (isRegistryVault(path)) return this.#inRegistry(path);
    return (await import('../core/vault/layout.ts')).openVault({ path, access: 'read' });
  }

  /** Opens a vault for an operation that changes it. What can't be done in a registry is refused by the operation. */
  async open(path: string): Promise<WritableVault> {
    if (isRegistryVault(path)) {
      const { currentProcess } = await import('../core/vault/processIdentity.ts');
      return { vault: await this.#inRegistry(path), owner: await currentProcess() };
    }
    const [{ openVault }, { currentProcess }] = await Promise.all([
      import('../core/vault/layout.ts'),
      import('../core/vault/processIdentity.ts'),
    ]);
    const [vault, owner] = await Promise.all([openVault({ path, access: 'write' }), currentProcess()]);
    return { vault, owner };
  }

  /** Opens what a restore out of a vault works in: for one in a registry a vault of this machine that reads from there. */
  async openToRestore(path: string): Promise<WritableVault> {
    if (!isRegistryVault(path)) return this.open(path);
    const [{ companionVault }, { currentProcess }] = await Promise.all([
      import('../core/transfer/companionVault.ts'),
      import('../core/vault/processIdentity.ts'),
    ]);
    const remote = await this.#inRegistry(path);
    const vault = await companionVault({ remote, folder: this.#companions() });
    return { vault, owner: await currentProcess() };
  }

  /** Opens what a restore out of a bundle works in, and puts right what one that broke off left on the engine. */
  async openForBundle(bundle: Pick<BundleToRestore, 'blobs'>): Promise<WritableVault> {
    const [{ vaultOfBundle }, { currentProcess }] = await Promise.all([
      import('../core/bundle/bundleToRestore.ts'),
      import('../core/vault/processIdentity.ts'),
    ]);
    const vault = await vaultOfBundle(bundle, { dataFolder: this.#deps.storage.fsPath });
    const deps = { vault, owner: await currentProcess() };
    await this.#putRight(vault.paths.root, deps);
    return deps;
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
    for (const host of [...this.#registries.keys()]) this.#disconnect(host);
  }

  #companions(): string {
    return join(this.#deps.storage.fsPath, 'registries');
  }

  async #inRegistry(path: string): Promise<RegistryVault> {
    const { registryVault } = await import('../core/transfer/registryVault.ts');
    const place = parseRegistryVault(path);
    const connected = this.#registries.get(place.host) ?? this.#deps.registries.connect(place.host);
    this.#registries.set(place.host, connected);
    const vault = registryVault((await connected).repository(place.path));
    const { listing } = vault;
    if (listing === undefined) return vault;
    return {
      ...vault,
      listing: {
        ...listing,
        read: async (cancel) => {
          try {
            return await listing.read(cancel);
          } catch (error) {
            // Who logs in meanwhile is known to a new connection only.
            const isLast = this.#registries.get(place.host) === connected;
            if (isLast && !isCancellation(error)) this.#disconnect(place.host);
            throw error;
          }
        },
      },
    };
  }

  /** What works with a connection goes on with it. */
  #disconnect(host: string): void {
    const connected = this.#registries.get(host);
    this.#registries.delete(host);
    void connected?.then(
      (registry) => {
        registry.close();
      },
      () => undefined,
    );
  }

  /** A registry may be spoken to in another way now. */
  #connectAnew(): void {
    for (const host of [...this.#registries.keys()]) this.#disconnect(host);
    for (const { path } of this.list.vaults) if (isRegistryVault(path)) void this.list.refresh(path);
  }

  async #use(): Promise<void> {
    const vaults = parseVaultSettings(readSetting('vaults'), homedir());
    const hosts = new Set(
      vaults.flatMap(({ path }) => (isRegistryVault(path) ? [parseRegistryVault(path).host] : [])),
    );
    for (const host of [...this.#registries.keys()]) if (!hosts.has(host)) this.#disconnect(host);
    void vscode.commands.executeCommand('setContext', 'drydock.hasVaults', vaults.length > 0);
    await this.list.use(vaults);
  }

  /** Whether a restore out of a registry worked on this machine before. */
  async #hasCompanion(path: string): Promise<boolean> {
    const { companionFolder } = await import('../core/transfer/companionVault.ts');
    return isThere(companionFolder(this.#companions(), path));
  }

  /** Once for each vault and engine of this window: undoes what killed operations left, and says what that was. */
  async #recover(): Promise<void> {
    const { inventory, storage } = this.#deps;
    if (inventory.state.kind !== 'ready') return;
    for (const { path, name, state } of this.list.vaults) {
      if (state.kind !== 'open' || !this.#isTurnOf(path)) continue;
      if (isRegistryVault(path) && !(await this.#hasCompanion(path))) continue;
      await this.#recoverIn(name, () => this.openToRestore(path));
    }
    const bundles = bundleVaultFolder(storage.fsPath);
    if (this.#isTurnOf(bundles) && (await isThere(bundles)))
      await this.#recoverIn(bundles, () => this.open(bundles));
  }

  /** Whether the vault at `path` has not been looked at with the engine in use. */
  #isTurnOf(path: string): boolean {
    const turn = `${this.#deps.engine().endpoint}\n${path}`;
    const isNew = !this.#recovered.has(turn);
    this.#recovered.add(turn);
    return isNew;
  }

  async #recoverIn(name: string, open: () => Promise<WritableVault>): Promise<void> {
    try {
      await this.#putRight(name, await open());
    } catch (error) {
      this.#deps.log.error(`recovering ${name}: ${errorWords(error)}`, error);
    }
  }

  async #putRight(name: string, deps: WritableVault): Promise<void> {
    const { engine, log } = this.#deps;
    const { recoverVault } = await import('../core/recovery/recoverVault.ts');
    const operations = await recoverVault({ ...deps, engine: engine() });
    for (const { outcome, left } of operations) {
      const errors = left.flatMap(({ error }) => (error === undefined ? [] : [error]));
      for (const error of errors) log.error(`${name}: could not be put right`, error);
      if (outcome === 'undone') tellRecovered(name);
      else if (errors.length > 0) tellNotRecovered(name, log);
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function tellRecovered(name: string): void {
  void vscode.window.showInformationMessage(
    vscode.l10n.t(
      'An operation on the vault {name} had been interrupted. What it left on the engine was put right.',
      { name },
    ),
  );
}

function tellNotRecovered(name: string, log: Log): void {
  const showLog = vscode.l10n.t('Show Log');
  const text = vscode.l10n.t(
    'An operation on the vault {name} had been interrupted, and not all that it left on the engine could be put right. It is tried again at the next start.',
    { name },
  );
  void vscode.window.showWarningMessage(text, showLog).then((chosen) => {
    if (chosen === showLog) log.show();
  });
}

/** index.json is replaced by renaming, which is a creation to some watchers and a change to others. */
function watchIndex(path: string, onChange: () => void): { dispose(): void } {
  if (isRegistryVault(path)) return { dispose: () => undefined };
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(vscode.Uri.file(path), 'index.json'),
  );
  const listening = [
    watcher,
    watcher.onDidCreate(onChange),
    watcher.onDidChange(onChange),
    watcher.onDidDelete(onChange),
  ];
  return {
    dispose: () => {
      for (const one of listening) one.dispose();
    },
  };
}
