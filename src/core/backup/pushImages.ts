import { createHash, randomBytes } from 'node:crypto';
import type { Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { storeOf } from '../engine/engineLayers.ts';
import type { EngineInfo, ImageDetails } from '../engine/records.ts';
import { takeNameAway } from '../engine/takeNameAway.ts';
import { DrydockError, failure, isCancellation, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { noteEngine } from '../recovery/engineNotes.ts';
import type { Endpoint, OpenEndpoint } from '../registry/endpoint.ts';
import { engineKey } from '../recovery/engineKey.ts';
import type { KnownContents } from '../snapshot/knownContents.ts';
import { readBack } from '../snapshot/readBack.ts';
import type { StoredBlob } from '../vault/blobStore.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import type { CapturedImageContent } from './capturedImageContent.ts';
import { inTheEnd } from './inTheEnd.ts';
import { pushAsStored } from './pushAsStored.ts';
import type { PushManner } from './pushManner.ts';
import { pushUntilWhole } from './pushUntilWhole.ts';
import { ReceivedLayers } from './receivedLayers.ts';
import { isRefusal } from './standstill.ts';
import type { TransportReason } from './transport.ts';

/** What was pushed, or why it was not. */
export type Pushed =
  | { readonly contents: ReadonlyMap<Digest, CapturedImageContent>; readonly receivedBytes: number }
  | { readonly reason: TransportReason; readonly detail: string };

export interface PushDeps {
  readonly engine: Engine;
  readonly info: EngineInfo;
  readonly session: VaultSession;
  readonly known: KnownContents;
  readonly openEndpoint: OpenEndpoint;
}

/** An engine that gets through answers at once. */
const logInMs = 10_000;
/** As long as a window waits for bytes: an engine that packs a layer sends some all the while. */
const usualSilentMs = 10 * 60_000;
/**
 * One repository and, where it is free, one port for a vault: an engine remembers up to fifty places for each layer, and
 * another place each time would drive out those that its user pushes to.
 */
const repository = 'drydock';

/**
 * Brings images into the vault by having the engine push them to us, so that only those of their layers travel that the
 * vault lacks:
 * 1. listen, with a log-in for this once, 2. see that the engine gets here: it logs in, and sends nothing yet, 3. for
 * each image: a name for the time of its push, noted before; push; the name goes again, 4. stop listening. Podman needs
 * no name.
 *
 * Resolves with a reason where the engine can't or what it sends is not the image; the vault has at most blobs then that
 * nothing reaches. One that sends nothing for ten minutes can't. Rejects with what the store throws, or an AbortError.
 */
export async function pushImages(
  deps: PushDeps,
  missing: readonly ImageDetails[],
  operation: Operation,
  { silentMs = usualSilentMs } = {},
): Promise<Pushed> {
  const { engine, session, known } = deps;
  const isContainerd = storeOf(deps.info) === 'containerd';
  const failed = new AbortController();
  const signal = AbortSignal.any([operation.signal, failed.signal]);
  const layers = new ReceivedLayers(session, known, isContainerd, signal);
  const silence = setTimeout(() => {
    failed.abort(failure('engineTimeout', { call: 'push', seconds: Math.round(silentMs / 1000) }));
  }, silentMs);
  let receivedBytes = 0;
  const manner = (isContainerd ? pushAsStored : pushUntilWhole)(
    { engine, vault: session.vault, known, layers },
    {
      onBytes: (count) => {
        receivedBytes += count;
        silence.refresh();
        operation.progress.report({ phase: 'reading', doneBytes: receivedBytes });
      },
      onFailure: (error) => {
        failed.abort(error);
      },
    },
  );
  const reached = { isSo: false };
  const onLogIn = (): void => {
    reached.isSo = true;
  };
  const pushAll = async (endpoint: Endpoint): Promise<ReadonlyMap<Digest, CapturedImageContent>> => {
    await engine.images.checkLogIn(endpoint, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(logInMs)]),
    });
    if (!reached.isSo) throw failure('unexpected', { reason: 'it logged in somewhere else' });
    const contents = new Map<Digest, CapturedImageContent>();
    for (const details of missing)
      contents.set(details.id, await pushOne(deps, { manner, endpoint }, details, signal));
    return contents;
  };
  let reading: Promise<void> | undefined;
  try {
    const endpoint = await openAt(deps.openEndpoint, portOf(session.vault.settings.id), {
      sink: manner.sink,
      onLogIn,
    });
    reading = readKnown(deps, missing, signal).catch((error: unknown) => {
      failed.abort(error);
    });
    const contents = await inTheEnd(
      () => pushAll(endpoint),
      () => {
        // What is read back here afterwards is no business of the engine.
        clearTimeout(silence);
        return endpoint.close();
      },
    );
    await reading;
    signal.throwIfAborted();
    return { contents, receivedBytes };
  } catch (error) {
    clearTimeout(silence);
    // What the sink failed with says more than that the push was ended.
    const cause: unknown = failed.signal.aborted ? failed.signal.reason : error;
    // Nothing goes on reading the vault behind a stream that follows.
    failed.abort(cause);
    await reading;
    await layers.stop(error);
    operation.signal.throwIfAborted();
    if (!isOfEngine(cause)) throw cause;
    return {
      reason: reached.isSo ? 'pushFailed' : 'notReached',
      detail: isCancellation(cause) ? 'no answer in time' : reasonOf(cause),
    };
  }
}

/**
 * Reads back what the vault has of the images while the engine packs and sends the rest: who lands a snapshot would have
 * to afterwards, with nothing else to do.
 */
async function readKnown(
  { session, known }: PushDeps,
  missing: readonly ImageDetails[],
  signal: AbortSignal,
): Promise<void> {
  const blobs = new Map<Digest, StoredBlob>();
  for (const diffId of new Set(missing.flatMap(({ diffIds }) => diffIds))) {
    const { digest, sizeBytes } = (await known.layerOfDiffId(diffId))?.index ?? {};
    if (digest !== undefined && sizeBytes !== undefined) blobs.set(digest, { digest, sizeBytes });
  }
  const quiet = { report: () => undefined };
  await readBack(session, [...blobs.values()], () => undefined, { signal, progress: quiet, item: '' });
}

async function pushOne(
  { engine, info, session }: PushDeps,
  { manner, endpoint }: { readonly manner: PushManner; readonly endpoint: Endpoint },
  details: ImageDetails,
  signal: AbortSignal,
): Promise<CapturedImageContent> {
  const tag = randomBytes(8).toString('hex');
  const name = `${endpoint.address}/${repository}:${tag}`;
  const image = { details, name, tag, logIn: endpoint };
  signal.throwIfAborted();
  if (storeOf(info) === 'podman') return await manner.push(image, { signal });
  const note = await noteEngine(session, engineKey(info), { kind: 'takeNameAway', name });
  let mayStillCome = false;
  const push = async (): Promise<CapturedImageContent> => {
    // Without the signal: broken off in its middle nobody would know whether the name is there.
    await engine.images.tag(details.id, name).catch((error: unknown) => {
      mayStillCome = !isRefusal(error);
      throw error;
    });
    return await manner.push(image, { signal });
  };
  return await inTheEnd(push, async () => {
    await takeNameAway(engine, name);
    // An engine that gave no answer may give the name yet: whoever starts next looks again.
    if (!mayStillCome) await session.journal.settle(note);
  });
}

async function openAt(
  open: OpenEndpoint,
  port: number,
  input: Parameters<OpenEndpoint>[0],
): Promise<Endpoint> {
  try {
    return await open({ ...input, port });
  } catch (error) {
    if (!(error instanceof DrydockError && error.code === 'endpointUnusable')) throw error;
    return await open(input);
  }
}

/** Below the ports that systems give out by themselves, and the same for one vault. */
function portOf(vaultId: string): number {
  return 20_000 + (createHash('sha256').update(vaultId).digest().readUInt32BE() % 12_000);
}

/** Whether another way of getting the images may do: what the vault or its disk fails with would fail again. */
function isOfEngine(error: unknown): boolean {
  // Nobody cancelled it but the time limit of the log-in.
  if (isCancellation(error) || (error instanceof Error && error.name === 'TimeoutError')) return true;
  if (!(error instanceof DrydockError)) return false;
  const others = [
    'blobMismatch',
    'uploadBroken',
    'endpointUnusable',
    'unexpected',
    'badJson',
    'loadMismatch',
  ];
  return /^(?:engine|archive|stream)/.test(error.code) || others.includes(error.code);
}
