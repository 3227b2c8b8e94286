import type { Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { inParallel } from '../inParallel.ts';
import { parseImageIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import type {
  BlobArrival,
  BlobSource,
  RemoteManifest,
  RemoteRepository,
} from '../registry/remoteRepository.ts';
import { toItsEnd } from '../toItsEnd.ts';
import type { CancelOptions } from '../vault/blobStore.ts';

/** A manifest or an index on its way. */
export interface ShippedDocument extends RemoteManifest {
  readonly tag?: string;
}

/** What is to be in a repository when it is done. */
export interface Shipment {
  /** What people call it. */
  readonly item: string;
  readonly blobs: readonly BlobSource[];
  /** Each after those that it names. */
  readonly documents: readonly ShippedDocument[];
}

/** What had to be done for it. */
export interface Shipped {
  /** How many blobs were there, were mounted from another repository, were sent. */
  readonly blobs: Readonly<Record<BlobArrival, number>>;
  readonly sentBytes: number;
  /** Of all of its blobs. */
  readonly totalBytes: number;
}

/** Which repositories of a registry are known to have a blob, so that the next one can have it from there. */
export type KnownPlaces = Map<Digest, string>;

/**
 * Brings a shipment to a repository: 1. store the blobs that it lacks, several at once, 2. store the documents in their
 * order, 3. ask the registry for each of them: a blob by its first byte and its size, since a registry may remember what
 * its storage lost, a document and its tag by the bytes, what refers to another by that one's list. What a registry does
 * not give then was never there, whatever it answered before.
 *
 * Rejects as the calls of the repository do, with `registryContentWrong` for what is not there at the end, with what a
 * source threw, or an AbortError. What arrived stays: no tag names it but those that were stored.
 */
export async function ship(
  to: RemoteRepository,
  { item, blobs, documents }: Shipment,
  { signal, progress }: Operation,
  places: KnownPlaces = new Map(),
): Promise<Shipped> {
  const totalBytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const count = { there: 0, mounted: 0, sent: 0 };
  let sentBytes = 0;
  let doneBytes = 0;
  const reached = new Map<Digest, number>();
  const report = (digest: Digest, bytes: number): void => {
    // An upload that is begun anew goes back.
    doneBytes += bytes - (reached.get(digest) ?? 0);
    reached.set(digest, bytes);
    progress.report({ phase: 'sending', item, doneBytes, totalBytes });
  };
  await inParallel(
    blobs,
    async (source) => {
      const { digest, sizeBytes } = source;
      const mountFrom = source.mountFrom ?? places.get(digest);
      const arrival = await to.putBlob(
        { ...source, ...(mountFrom !== undefined && { mountFrom }) },
        {
          signal,
          onSent: (bytes) => {
            report(digest, bytes);
          },
        },
      );
      count[arrival] += 1;
      if (arrival === 'sent') sentBytes += sizeBytes;
      places.set(digest, to.path);
      report(digest, sizeBytes);
    },
    signal,
  );
  for (const { bytes, mediaType, tag } of documents) {
    signal.throwIfAborted();
    progress.report({ phase: 'finishing', item });
    await to.putManifest({ bytes, mediaType }, { signal, ...(tag !== undefined && { tag }) });
  }
  await proveThere(to, { item, blobs, documents }, { signal, progress });
  return { blobs: count, sentBytes, totalBytes };
}

async function proveThere(
  to: RemoteRepository,
  { item, blobs, documents }: Shipment,
  { signal, progress }: Operation,
): Promise<void> {
  progress.report({ phase: 'checking', item });
  const absent = (expected: string, found: string): Error =>
    failure('registryContentWrong', { host: to.host, found, expected });
  await inParallel(
    blobs,
    async ({ digest, sizeBytes }) => {
      try {
        const first = { signal, start: 0, end: Math.min(1, sizeBytes) };
        await toItsEnd(to.openBlob({ digest, sizeBytes }, first));
      } catch (error) {
        if (error instanceof DrydockError && error.code === 'registryMissing')
          throw absent(digest, 'nothing');
        throw error;
      }
    },
    signal,
  );
  for (const { digest, bytes, tag } of documents) {
    const found = await to.getManifest(digest, { signal });
    if (found === undefined || !Buffer.from(found.bytes).equals(bytes)) throw absent(digest, 'nothing');
    await proveListed(to, found, { signal });
    if (tag === undefined) continue;
    const tagged = await to.headManifest(tag, { signal });
    if (tagged?.digest !== digest) throw absent(`${tag} (${digest})`, tagged?.digest ?? 'nothing');
  }
}

/** Two who add to the list of one subject at once may lose each other's entry, so it is put there again where it is gone. */
async function proveListed(
  to: RemoteRepository,
  { digest, bytes, mediaType }: RemoteManifest,
  cancel: CancelOptions,
): Promise<void> {
  const where = `${to.host}/${to.path}@${digest}`;
  const { subject } = isIndexType(mediaType) ? parseImageIndex(bytes, where) : parseManifest(bytes, where);
  if (!subject) return;
  for (let isAgain = false; ; isAgain = true) {
    const listed = await to.referrers(subject.digest, cancel);
    if (listed.some((one) => one.digest === digest)) return;
    if (isAgain)
      throw failure('registryContentWrong', {
        host: to.host,
        found: 'another list',
        expected: `${digest} among what refers to ${subject.digest}`,
      });
    await to.putManifest({ bytes, mediaType }, cancel);
  }
}
