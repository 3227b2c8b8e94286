import { failure } from '../core/errors.ts';
import type { Snapshot, SnapshotContents } from '../core/snapshot/snapshot.ts';
import type { RootFiles } from '../core/snapshotFiles/rootFiles.ts';
import type { Vault } from '../core/vault/layout.ts';
import type { VaultsInUse } from './vaultsInUse.ts';

export interface OpenedSnapshot {
  /** Open to be read. */
  readonly vault: Pick<Vault, 'blobs'>;
  readonly contents: SnapshotContents;
  readonly roots: readonly RootFiles[];
}

/** A tree of files takes some megabytes. */
const mostOpen = 8;

/** Snapshots that are looked into; the last few stay open, so that folder after folder is read from memory. */
export class OpenedSnapshots {
  readonly #vaults: VaultsInUse;
  readonly #open = new Map<string, Promise<OpenedSnapshot>>();

  constructor(vaults: VaultsInUse) {
    this.#vaults = vaults;
  }

  /** What a list of snapshots says can change, for example a pin: that is always as it is now. */
  async open(vaultPath: string, id: string): Promise<OpenedSnapshot> {
    await this.#vaults.ready;
    await this.#vaults.list.settled(vaultPath);
    const known = this.#vaults.list.find(vaultPath);
    if (known?.state.kind === 'failed') throw known.state.error;
    const snapshots = known?.state.kind === 'open' ? known.state.snapshots : [];
    const snapshot = snapshots.find((one) => one.id === id);
    if (snapshot === undefined) throw failure('snapshotGone', { vault: known?.name ?? vaultPath, id });
    const key = `${vaultPath}\n${id}`;
    const opening = this.#open.get(key) ?? this.#read(vaultPath, snapshot);
    this.#open.delete(key);
    this.#open.set(key, opening);
    for (const oldest of [...this.#open.keys()].slice(0, -mostOpen)) this.#open.delete(oldest);
    try {
      const { vault, contents, roots } = await opening;
      return { vault, contents: { ...contents, snapshot }, roots };
    } catch (error) {
      this.#open.delete(key);
      throw error;
    }
  }

  async #read(vaultPath: string, snapshot: Snapshot): Promise<OpenedSnapshot> {
    const [{ openSnapshot }, { openSnapshotTree }] = await Promise.all([
      import('../core/snapshot/snapshots.ts'),
      import('../core/snapshotFiles/snapshotTree.ts'),
    ]);
    const vault = await this.#vaults.read(vaultPath);
    const contents = await openSnapshot(vault, snapshot);
    return { vault, contents, roots: openSnapshotTree(vault, contents).roots };
  }
}
