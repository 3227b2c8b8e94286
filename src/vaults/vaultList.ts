import { isDeepStrictEqual } from 'node:util';
import type { VaultSetting } from '../contributions.ts';
import type { Digest } from '../core/digest.ts';
import { DrydockError, failure, reasonOf } from '../core/errors.ts';
import { nothingHeld, type HeldNames } from '../core/inspect/protection.ts';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import type { CancelOptions } from '../core/vault/blobStore.ts';
import type { Vault } from '../core/vault/layout.ts';

export type VaultState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'failed'; readonly error: DrydockError }
  /** `snapshots` newest first. The vault is open to be read. */
  | { readonly kind: 'open'; readonly vault: Vault; readonly snapshots: readonly Snapshot[] };

/** A vault that the settings name. */
export interface KnownVault extends VaultSetting {
  readonly state: VaultState;
}

export interface VaultListDeps {
  readonly open: (path: string) => Promise<Vault>;
  readonly readSnapshots: (vault: Vault, cancel: CancelOptions) => Promise<readonly Snapshot[]>;
  /** What a snapshot of a container or a project holds. */
  readonly readHeld: (vault: Vault, snapshot: Snapshot) => Promise<HeldNames>;
  /** Calls `onChange` whenever the list of snapshots at `path` may have changed. */
  readonly watch: (path: string, onChange: () => void) => { dispose(): void };
  readonly log: { error(text: string, error: unknown): void };
}

interface Entry {
  known: KnownVault;
  readonly watching: { dispose(): void };
  /** Counts readings, so that only the latest one is shown. */
  turn: number;
  reading: Promise<void>;
  /** Ends the reading under way, whose result nobody wants any more. */
  stop: AbortController;
}

/** The vaults of the settings and their snapshots, kept true while the window is open. */
export class VaultList {
  readonly #deps: VaultListDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  /** By snapshot; a snapshot never changes. */
  readonly #held = new Map<Digest, HeldNames>();

  constructor(deps: VaultListDeps) {
    this.#deps = deps;
  }

  get vaults(): readonly KnownVault[] {
    return [...this.#entries.values()].map(({ known }) => known);
  }

  /** Every snapshot of every vault that could be opened. */
  get snapshots(): readonly Snapshot[] {
    return this.vaults.flatMap(({ state }) => (state.kind === 'open' ? state.snapshots : []));
  }

  find(path: string): KnownVault | undefined {
    return this.#entries.get(path)?.known;
  }

  /** Nothing while it is being read, and for snapshots that newer ones of their source replace. */
  heldBy({ id }: Snapshot): HeldNames {
    return this.#held.get(id) ?? nothingHeld;
  }

  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /**
   * Follows these vaults from now on, in this order. Settles when each in a folder was read once: a registry that does
   * not answer holds up nobody who wants something else.
   */
  async use(settings: readonly VaultSetting[]): Promise<void> {
    const before = new Map(this.#entries);
    this.#entries.clear();
    for (const { name, path } of settings) {
      const entry = before.get(path);
      if (entry === undefined) this.#entries.set(path, this.#start({ name, path }));
      else {
        entry.known = { ...entry.known, name };
        this.#entries.set(path, entry);
        before.delete(path);
      }
    }
    for (const gone of before.values()) stop(gone);
    this.#tell();
    const folders = [...this.#entries.values()].filter(({ known }) => !isRegistryVault(known.path));
    await Promise.all(folders.map(({ reading }) => reading));
  }

  /** Settles when the vault at `path` was read, if it is on the list. */
  async settled(path: string): Promise<void> {
    await this.#entries.get(path)?.reading;
  }

  /** Reads a vault again, or all of them. Rejects never: failures are states. */
  async refresh(path?: string): Promise<void> {
    const concerned = [...this.#entries.values()].filter(
      ({ known }) => path === undefined || known.path === path,
    );
    for (const entry of concerned) entry.reading = this.#read(entry);
    await Promise.all(concerned.map(({ reading }) => reading));
  }

  dispose(): void {
    this.#listeners.clear();
    for (const entry of this.#entries.values()) stop(entry);
    this.#entries.clear();
  }

  #start(setting: VaultSetting): Entry {
    const watching = this.#deps.watch(setting.path, () => {
      void this.refresh(setting.path);
    });
    const entry: Entry = {
      known: { ...setting, state: { kind: 'opening' } },
      watching,
      turn: 0,
      reading: Promise.resolve(),
      stop: new AbortController(),
    };
    entry.reading = this.#read(entry);
    return entry;
  }

  async #read(entry: Entry): Promise<void> {
    entry.turn += 1;
    const { turn } = entry;
    entry.stop.abort();
    entry.stop = new AbortController();
    const before = entry.known.state;
    const state = await this.#look(entry.known.path, entry.stop.signal);
    if (entry.turn !== turn) {
      await entry.reading;
      return;
    }
    if (isSame(before, state)) return;
    if (state.kind === 'failed') this.#deps.log.error(`opening the vault ${entry.known.path}`, state.error);
    entry.known = { ...entry.known, state };
    this.#tell();
    if (state.kind === 'open') await this.#nameHeld(state.vault, state.snapshots);
  }

  async #look(path: string, signal: AbortSignal): Promise<VaultState> {
    try {
      const vault = await this.#deps.open(path);
      return { kind: 'open', vault, snapshots: await this.#deps.readSnapshots(vault, { signal }) };
    } catch (error) {
      return { kind: 'failed', error: asFailure(error) };
    }
  }

  /** Reads what the newest snapshot of each container and project holds; older ones protect nothing more. */
  async #nameHeld(vault: Vault, snapshots: readonly Snapshot[]): Promise<void> {
    const seen = new Set<string>();
    let isNew = false;
    for (const snapshot of snapshots) {
      const { kind, engineId, name } = snapshot.source;
      if ((kind !== 'container' && kind !== 'project') || snapshot.damaged !== undefined) continue;
      const key = JSON.stringify([kind, engineId, name]);
      if (seen.has(key)) continue;
      seen.add(key);
      if (this.#held.has(snapshot.id)) continue;
      try {
        this.#held.set(snapshot.id, await this.#deps.readHeld(vault, snapshot));
        isNew = true;
      } catch (error) {
        this.#deps.log.error(`reading the snapshot ${snapshot.refName}`, error);
      }
    }
    if (isNew) this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Whether people would see the same; a vault is looked at often. */
function isSame(one: VaultState, other: VaultState): boolean {
  if (one.kind === 'open' && other.kind === 'open')
    return (
      one.vault.settings.id === other.vault.settings.id && isDeepStrictEqual(one.snapshots, other.snapshots)
    );
  return one.kind === 'failed' && other.kind === 'failed' && one.error.message === other.error.message;
}

/** A reading that is still under way is not shown any more. */
function stop(entry: Entry): void {
  entry.turn += 1;
  entry.stop.abort();
  entry.watching.dispose();
}

function asFailure(error: unknown): DrydockError {
  return error instanceof DrydockError ? error : failure('unexpected', { reason: reasonOf(error) }, error);
}
