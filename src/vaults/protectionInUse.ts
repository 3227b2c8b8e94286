import { parseBackupPolicies } from '../core/inspect/backupPolicies.ts';
import type { Inventory } from '../core/inspect/inventory.ts';
import { countUnprotected, Protection } from '../core/inspect/protection.ts';
import type { Unprotected } from '../core/inspect/protection.ts';
import { engineIdentity } from '../core/snapshot/engineIdentity.ts';
import type { VaultList } from './vaultList.ts';

export interface ProtectionInUseDeps {
  readonly vaults: Pick<VaultList, 'vaults' | 'snapshots' | 'heldBy' | 'onDidChange'>;
  readonly inventory: Pick<
    Inventory,
    'state' | 'onDidChange' | 'images' | 'containers' | 'volumes' | 'listing'
  >;
  /** The setting `backup.policies`, as it stands. */
  readonly policies: () => unknown;
  readonly nowMs: () => number;
}

/** What the vaults protect on the engine in use, made again when one of them changed. */
export class ProtectionInUse {
  readonly #deps: ProtectionInUseDeps;
  readonly #following: readonly { dispose(): void }[];
  readonly #listeners = new Set<() => void>();
  #known: Protection | undefined;
  #engineId: string | undefined;

  constructor(deps: ProtectionInUseDeps) {
    this.#deps = deps;
    this.#engineId = this.#currentEngineId();
    this.#following = [
      deps.vaults.onDidChange(() => {
        this.renew();
      }),
      deps.inventory.onDidChange(({ kind }) => {
        if (kind === 'state' && this.#currentEngineId() !== this.#engineId) this.renew();
      }),
    ];
  }

  /** Undefined while no vault is open or no engine is known: then nothing can be said. */
  current(): Protection | undefined {
    const { vaults, policies, nowMs } = this.#deps;
    if (this.#engineId === undefined || !vaults.vaults.some(({ state }) => state.kind === 'open'))
      return undefined;
    this.#known ??= new Protection({
      snapshots: vaults.snapshots,
      engineId: this.#engineId,
      policies: parseBackupPolicies(policies()),
      nowMs: nowMs(),
      heldBy: (snapshot) => vaults.heldBy(snapshot),
    });
    return this.#known;
  }

  /** How many things of the engine no snapshot holds; undefined where that is not known. */
  unprotected(): Unprotected | undefined {
    const { inventory } = this.#deps;
    const protection = this.current();
    const isListed = (['images', 'containers', 'volumes'] as const).every(
      (kind) => inventory.listing(kind).kind === 'listed',
    );
    if (protection === undefined || inventory.state.kind !== 'ready' || !isListed) return undefined;
    return countUnprotected(protection, {
      images: inventory.images.values(),
      containers: inventory.containers.values(),
      volumes: inventory.volumes.values(),
    });
  }

  /** Looks again, for example since time went by or a policy changed. */
  renew(): void {
    this.#known = undefined;
    this.#engineId = this.#currentEngineId();
    for (const listener of [...this.#listeners]) listener();
  }

  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  dispose(): void {
    for (const one of this.#following) one.dispose();
    this.#listeners.clear();
  }

  /** The engine that was known last, while it is away. */
  #currentEngineId(): string | undefined {
    const { state } = this.#deps.inventory;
    return state.kind === 'ready' ? engineIdentity(state.info).engineId : this.#engineId;
  }
}
