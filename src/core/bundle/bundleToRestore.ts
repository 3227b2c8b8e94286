import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { throughVault } from '../vault/throughVault.ts';
import { bundleBlobs } from './bundleBlobs.ts';
import { bundleVaultFolder } from './bundleVaultFolder.ts';
import { bundledSnapshots } from './bundledSnapshots.ts';
import { readBundleAt, type BundleOnDisk } from './readBundle.ts';

/** A bundle of snapshots that is open, to be restored from where it lies. */
export interface BundleToRestore {
  readonly name: string;
  readonly snapshots: readonly Snapshot[];
  readonly blobs: BlobReader;
  /** Removes what there is only as long as it is open. */
  close(): Promise<void>;
}

/**
 * Opens a bundle of snapshots for restores straight out of it: reads all of it and checks it, and then gives its blobs
 * from where they lie. Rejects as `readBundleAt` and `bundledSnapshots` do, with `bundleHoldsImages`, or as
 * {@link bundleBlobs} does.
 */
export async function bundleToRestore(
  { path, temporaryFolder }: { readonly path: string; readonly temporaryFolder: string },
  operation: Operation,
): Promise<BundleToRestore> {
  return openToRestore(await readBundleAt(path, operation), { temporaryFolder }, operation);
}

/** As {@link bundleToRestore}, of one that was read already. */
export async function openToRestore(
  bundle: BundleOnDisk,
  folders: { readonly temporaryFolder: string },
  operation: Operation,
): Promise<BundleToRestore> {
  const { name, document } = bundle;
  if (document.kind === 'images') throw failure('bundleHoldsImages', { name });
  const snapshots = [...bundledSnapshots(bundle)].sort((a, b) => b.createdMs - a.createdMs);
  return { name, snapshots, ...(await bundleBlobs(bundle, folders, operation)) };
}

/**
 * What a restore out of a bundle works in: a vault of this machine that reads through to the bundle. Always the same
 * one, so that the next restore out of any bundle puts right what one that broke off left. Rejects as `throughVault`
 * does.
 */
export function vaultOfBundle(
  { blobs }: Pick<BundleToRestore, 'blobs'>,
  { dataFolder }: { readonly dataFolder: string },
  cancel: CancelOptions = {},
): Promise<Vault> {
  return throughVault({ path: bundleVaultFolder(dataFolder), far: blobs }, cancel);
}
