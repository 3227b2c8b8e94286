import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { KnownContents } from '../snapshot/knownContents.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { assembleImage, type CapturedImageContent } from './capturedImageContent.ts';
import { knownImage } from './knownImage.ts';
import { receiveImages } from './receiveImages.ts';
import { ReceivedLayers } from './receivedLayers.ts';

export type { CapturedImageContent } from './capturedImageContent.ts';

/**
 * Brings images into the vault: 1. ask the engine what they are, 2. take from the vault's snapshots those that are
 * there whole, 3. ask for all others in one request, so that shared layers are sent once, 4. store layers as they
 * come, and at the end the documents. Nothing is in index.json afterwards: that is for who lands a snapshot.
 *
 * Resolves with the content of each ID. Rejects with `engineNotFound`, `imageWithoutLayers`, the `archive…` failures
 * of what the engine sent, its own failures, what the store throws, or an AbortError.
 */
export async function captureImages(
  deps: { readonly engine: Engine; readonly session: VaultSession },
  ids: readonly Digest[],
  operation: Operation,
): Promise<ReadonlyMap<Digest, CapturedImageContent>> {
  const { engine, session } = deps;
  const signal = AbortSignal.any([session.signal, operation.signal]);
  const { progress } = operation;
  const wanted = [...new Set(ids)];
  progress.report({ phase: 'preparing', ...(wanted[0] && { item: shortDigest(wanted[0]) }) });
  const { imageStore, product } = await engine.info({ signal });
  const known = new KnownContents(session.vault, { signal });
  const captured = new Map<Digest, CapturedImageContent>();
  const missing: ImageDetails[] = [];
  for (const id of wanted) {
    const details = await engine.images.inspect(id, { signal, withManifests: true });
    const content = await knownImage(session.vault.blobs, known, details, signal);
    if (content) captured.set(id, content);
    else missing.push(details);
  }
  const bare = missing.find(({ diffIds }) => diffIds.length === 0);
  // A classic store answers "empty export - not implemented"; people get to know which image it is.
  if (bare !== undefined && imageStore !== 'containerd' && product !== 'podman')
    throw failure('imageWithoutLayers', { name: bare.tags[0] ?? shortDigest(bare.id) });
  if (missing.length === 0) return captured;

  const layers = new ReceivedLayers(session, known, imageStore === 'containerd', signal);
  const fromEngine = await engine.images.save(
    missing.map(({ id }) => id),
    { signal },
  );
  try {
    const sent = await receiveImages(fromEngine, layers, { signal, progress });
    const received = { sent, layers, blobs: session.vault.blobs };
    for (const details of missing)
      captured.set(details.id, await assembleImage(received, details, { signal }));
  } catch (error) {
    await layers.stop(error);
    signal.throwIfAborted();
    throw error;
  } finally {
    // A failure between two pieces leaves the stream open otherwise.
    fromEngine.destroy();
  }
  return captured;
}
