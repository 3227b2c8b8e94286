import { failure } from '../errors.ts';
import { inParallel } from '../inParallel.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import type { RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import { landCopied, type LandedCopy } from '../snapshot/landCopied.ts';
import { openContents } from '../snapshot/openContents.ts';
import { entryWith, snapshotOfDocument } from '../snapshot/snapshotOfDocument.ts';
import { annotationsOf } from '../snapshot/snapshotAnnotations.ts';
import { putDocument, type StoredBlob } from '../vault/blobStore.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { withVaultSession, type VaultSession } from '../vault/vaultSession.ts';
import { childrenFirst } from './documentGraph.ts';
import { toItsEnd } from '../toItsEnd.ts';
import { counted } from './fetchedBytes.ts';
import { snapshotIn } from './parcel.ts';
import { parcelGraph, remoteGraph, type RemoteGraph } from './remoteGraph.ts';

export interface PullSnapshotInput {
  /** A tag or a digest. */
  readonly ref: string;
  /** What that was found to stand for. */
  readonly top?: RemoteManifest;
}

export interface PulledSnapshot extends LandedCopy {
  /** What had to be fetched for it. */
  readonly fetched: { readonly blobs: number; readonly bytes: number };
}

/**
 * Pulls a snapshot into a vault, under the ID that it had where it was pushed:
 * 1. read its documents, each with its digest, 2. store the blobs that the vault lacks, several at once, each read back
 * before it has its name, and then the documents, 3. open it as a restore would, 4. read back what was there before, and
 * list it. Its entry says what its own index says: pins and tags of later days stay in the vault that they were put in.
 *
 * Rejects with `registryMissing`, `notASnapshot`, as the calls of the repository do, with `blobMissing`, `blobDamaged`,
 * `diskFilledUp`, or an AbortError; index.json is as it was then.
 */
export async function pullSnapshot(
  {
    from,
    to,
    owner,
  }: { readonly from: RemoteRepository; readonly to: Vault; readonly owner: ProcessIdentity },
  { ref, ...input }: PullSnapshotInput,
  operation: Operation,
): Promise<PulledSnapshot> {
  requireWritable(to);
  const { signal, progress } = operation;
  const name = `${from.host}/${from.path}${ref.includes(':') ? '@' : ':'}${ref}`;
  progress.report({ phase: 'preparing', item: name });
  const top = input.top ?? (await from.getManifest(ref, { signal }));
  if (top === undefined) throw failure('registryMissing', { host: from.host, name: `${from.path}:${ref}` });
  const found = snapshotIn(top, name);
  if (found === undefined) throw failure('notASnapshot', { name });
  const root = found.kind === 'index' ? top : found.root;
  const graph =
    found.kind === 'index'
      ? await remoteGraph(from, top, { signal })
      : await parcelGraph(from, found, { signal });
  const bytes = graph.documents.find(({ digest }) => digest === root.digest)?.bytes;
  const snapshot = bytes && snapshotOfDocument(bytes, root, name);
  if (snapshot === undefined) throw failure('notASnapshot', { name });
  const what = { kind: 'pull', subject: name };
  return await withVaultSession({ vault: to, owner }, what, operation, async (session) => {
    const work = { ...operation, signal: session.signal };
    const fetched = await fetchAll(session, from, graph, { ...work, item: snapshot.refName });
    await openContents(session.vault.blobs, snapshot, { signal: session.signal });
    const landed = await landCopied(
      session,
      {
        snapshot,
        blobs: [...graph.blobs.map(storedOf), ...graph.documents],
        entryFor: (after) => entryWith(root, annotationsOf(after)),
      },
      work,
    );
    return { ...landed, fetched };
  });
}

async function fetchAll(
  { vault }: VaultSession,
  from: RemoteRepository,
  { blobs, documents }: RemoteGraph,
  { signal, progress, item }: Operation & { readonly item: string },
): Promise<PulledSnapshot['fetched']> {
  const fetched = { blobs: 0, bytes: 0 };
  const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0);
  let doneBytes = 0;
  const isThere = async ({ digest, sizeBytes }: StoredBlob): Promise<boolean> =>
    // One of another size is damaged, and what is put takes its place.
    (await vault.blobs.stat(digest))?.sizeBytes === sizeBytes;
  await inParallel(
    blobs.map(storedOf),
    async (blob) => {
      const { digest, sizeBytes } = blob;
      if (await isThere(blob)) doneBytes += sizeBytes;
      else {
        const expected = { expectedDigest: digest, expectedSizeBytes: sizeBytes, signal };
        const bytes = counted(from.openBlob(blob, { signal }), (length) => {
          doneBytes += length;
          progress.report({ phase: 'reading', item, doneBytes, totalBytes });
        });
        await vault.blobs.put(bytes, { ...expected, readBack: toItsEnd });
        fetched.blobs += 1;
        fetched.bytes += sizeBytes;
      }
      progress.report({ phase: 'reading', item, doneBytes, totalBytes });
    },
    signal,
  );
  for (const { digest, sizeBytes, bytes } of childrenFirst(documents, vault.blobs.name)) {
    if (await isThere({ digest, sizeBytes })) continue;
    await putDocument(vault.blobs, bytes, { expectedDigest: digest, signal });
    fetched.blobs += 1;
    fetched.bytes += sizeBytes;
  }
  return fetched;
}

function storedOf({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): StoredBlob {
  return { digest, sizeBytes: size };
}
