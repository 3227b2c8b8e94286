import type { Digest } from '../digest.ts';
import type { Operation } from '../progress.ts';
import { toItsEnd } from '../toItsEnd.ts';
import { readVerified, type CancelOptions, type StoredBlob } from '../vault/blobStore.ts';
import { readLayer } from '../vault/frames.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import type { StoredLayer } from './storedLayer.ts';

/**
 * Reads a layer that this session stored down to its diffID, so that landing need not: while an engine still sends,
 * there is time. Rejects with `blobMissing`, `blobDamaged`.
 */
export async function readBackLayer(
  { vault, ledger }: VaultSession,
  { index }: StoredLayer,
  cancel: CancelOptions,
): Promise<void> {
  if (!ledger.hasWritten(index.digest) || ledger.isVerified(index.digest)) return;
  await toItsEnd(readLayer(vault.blobs, index, cancel));
  ledger.markVerified(index.digest);
}

/**
 * Reads what this session has not read yet: every blob to its digest, and layers that it stored to their diffIDs.
 * Reports the phase `checking` with stored bytes. Rejects with `blobMissing`, `blobDamaged`.
 */
export async function readBack(
  session: VaultSession,
  blobs: readonly StoredBlob[],
  layerOf: (digest: Digest) => StoredLayer | undefined,
  { signal, progress, item }: Operation & { readonly item: string },
): Promise<void> {
  const { vault, ledger } = session;
  const unread = blobs.filter(({ digest }) => !ledger.isVerified(digest));
  const totalBytes = unread.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  for (const { digest, sizeBytes } of unread) {
    progress.report({ phase: 'checking', item, doneBytes, totalBytes });
    const layer = layerOf(digest);
    if (layer && ledger.hasWritten(digest)) {
      await readBackLayer(session, layer, { signal });
      doneBytes += sizeBytes;
      continue;
    }
    for await (const chunk of readVerified(vault.blobs, { digest, sizeBytes }, { signal, isFleeting: true }))
      progress.report({ phase: 'checking', item, doneBytes: (doneBytes += chunk.length), totalBytes });
    ledger.markVerified(digest);
  }
  progress.report({ phase: 'checking', item, doneBytes, totalBytes });
}
