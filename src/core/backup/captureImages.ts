import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { Operation, ProgressPort } from '../progress.ts';
import type { OpenEndpoint } from '../registry/endpoint.ts';
import { KnownContents } from '../snapshot/knownContents.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { assembleImage, type CapturedImageContent } from './capturedImageContent.ts';
import { knownImage } from './knownImage.ts';
import { pushImages } from './pushImages.ts';
import { receiveImages } from './receiveImages.ts';
import { ReceivedLayers } from './receivedLayers.ts';
import { chooseTransport, type TransportReport, type TransportWish } from './transport.ts';

export type { CapturedImageContent } from './capturedImageContent.ts';

export interface CaptureDeps {
  readonly engine: Engine;
  readonly session: VaultSession;
  /** Where an engine can push to; without it, it never does. */
  readonly openEndpoint?: OpenEndpoint | undefined;
}

export interface CapturedImages {
  readonly contents: ReadonlyMap<Digest, CapturedImageContent>;
  readonly transport: TransportReport;
}

/**
 * Brings images into the vault: 1. ask the engine what they are, 2. take from the vault's snapshots those that are
 * there whole, 3. ask for all others in one request, so that shared layers are sent once, 4. store layers as they
 * come, and at the end the documents. Where that is cheaper the engine pushes in 3 what the vault lacks, and where it
 * can't, all is asked for. Nothing is in index.json afterwards: that is for who lands a snapshot.
 *
 * Resolves with the content of each ID, and how it came. Rejects with `engineNotFound`, `imageWithoutLayers`, the `archive…` failures
 * of what the engine sent, its own failures, what the store throws, or an AbortError.
 */
export async function captureImages(
  deps: CaptureDeps,
  {
    ids,
    transport = 'auto',
  }: { readonly ids: readonly Digest[]; readonly transport?: TransportWish | undefined },
  operation: Operation,
): Promise<CapturedImages> {
  const { engine, session, openEndpoint } = deps;
  const signal = AbortSignal.any([session.signal, operation.signal]);
  const { progress } = operation;
  const wanted = [...new Set(ids)];
  progress.report({ phase: 'preparing', ...(wanted[0] && { item: shortDigest(wanted[0]) }) });
  const info = await engine.info({ signal });
  const { imageStore, product } = info;
  const known = new KnownContents(session.vault, { signal });
  const contents = new Map<Digest, CapturedImageContent>();
  const missing: ImageDetails[] = [];
  for (const id of wanted) {
    const details = await engine.images.inspect(id, { signal, withManifests: true });
    const content = await knownImage(session.vault.blobs, known, details, signal);
    if (content) contents.set(id, content);
    else missing.push(details);
  }
  const bare = missing.find(({ diffIds }) => diffIds.length === 0);
  // A classic store answers "empty export - not implemented"; people get to know which image it is.
  if (bare !== undefined && imageStore !== 'containerd' && product !== 'podman')
    throw failure('imageWithoutLayers', { name: bare.tags[0] ?? shortDigest(bare.id) });
  const captured = (
    report: Omit<TransportReport, 'receivedBytes'>,
    receivedBytes: number,
  ): CapturedImages => ({
    contents,
    transport: { ...report, receivedBytes },
  });
  if (missing.length === 0) return captured({ transport: 'none', reason: 'nothingMissing' }, 0);

  const isOffered = openEndpoint !== undefined;
  let choice = await chooseTransport({ engine, info, known, isOffered }, missing, transport);
  if (choice.transport === 'delta' && openEndpoint !== undefined) {
    const pushDeps = { engine, info, session, known, openEndpoint };
    const pushed = await pushImages(pushDeps, missing, { signal, progress });
    if ('contents' in pushed) {
      for (const [id, content] of pushed.contents) contents.set(id, content);
      return captured(choice, pushed.receivedBytes);
    }
    choice = { transport: 'stream', ...pushed };
  }
  let receivedBytes = 0;
  const counting: ProgressPort = {
    report: (fact) => {
      if (fact.phase === 'reading') receivedBytes = fact.doneBytes ?? receivedBytes;
      progress.report(fact);
    },
  };
  const layers = new ReceivedLayers(session, known, imageStore === 'containerd', signal);
  const fromEngine = await engine.images.save(
    missing.map(({ id }) => id),
    { signal },
  );
  try {
    const sent = await receiveImages(fromEngine, layers, { signal, progress: counting });
    const received = { sent, layers, blobs: session.vault.blobs };
    for (const details of missing)
      contents.set(details.id, await assembleImage(received, details, { signal }));
  } catch (error) {
    await layers.stop(error);
    signal.throwIfAborted();
    throw error;
  } finally {
    // A failure between two pieces leaves the stream open otherwise.
    fromEngine.destroy();
  }
  return captured(choice, receivedBytes);
}
