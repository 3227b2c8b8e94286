import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { mergeById } from '../engine/mergeById.ts';
import { failure } from '../errors.ts';
import { isSameName } from '../oci/imageName.ts';
import type { Operation } from '../progress.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import { landSnapshots } from '../snapshot/landSnapshot.ts';
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts';
import { SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import { readSnapshots } from '../snapshot/snapshots.ts';
import { withVaultSession } from '../vault/vaultSession.ts';
import type { BackupDeps, BackupResult } from './backupResult.ts';
import { captureImages } from './captureImages.ts';
import type { TransportWish } from './transport.ts';

/** An image to back up, with the names that its snapshot shall have. */
export interface ImageToBackUp {
  readonly id: Digest;
  readonly tags: readonly string[];
}

/**
 * Backs up images, each into a snapshot of its own; what the vault lacks of all of them is asked for in one request.
 * All snapshots land together, after every one was read back, or none does.
 *
 * Rejects with `nothingSelected`, with `tagMoved` when a name means another image before or after its bytes came, and
 * with what capturing and landing throw.
 */
export async function backupImages(
  deps: BackupDeps,
  input: {
    readonly images: readonly ImageToBackUp[];
    readonly tags?: readonly string[];
    readonly transport?: TransportWish;
  },
  operation: Operation,
): Promise<readonly BackupResult[]> {
  const { engine } = deps;
  const images = mergeById(input.images);
  const [first] = images;
  if (first === undefined) throw failure('nothingSelected', { verb: 'back up' });
  const { signal } = operation;
  await requireTags(engine, images, signal);
  const identity = engineIdentity(await engine.info({ signal }));
  const what = { kind: 'backupImages', subject: images.map(nameOf).join(', ').slice(0, 1000) };
  return withVaultSession(deps, what, { signal }, async (session) => {
    const before = await readSnapshots(session.vault, { signal: session.signal });
    const createdMs = Date.now();
    const { contents, transport } = await captureImages(
      { engine, session, openEndpoint: deps.openEndpoint },
      { ids: images.map(({ id }) => id), transport: input.transport },
      operation,
    );
    await requireTags(engine, images, session.signal);
    const landings = [];
    for (const image of images) {
      const content = contents.get(image.id);
      if (content === undefined) throw failure('unexpected', { reason: `${image.id} was not captured` });
      const draft = new SnapshotDraft(session.vault.blobs);
      await draft.addImage({ ...content, role: 'image', tags: image.tags }, { signal: session.signal });
      const source: SnapshotSource = { kind: 'image', name: image.tags[0] ?? image.id, ...identity };
      landings.push({ draft, source, createdMs, imageIds: [image.id], tags: input.tags ?? [] });
    }
    const snapshots = await landSnapshots(session, landings, operation);
    return snapshots.map((snapshot) => ({
      snapshot,
      remarks: snapshot.imageIds.flatMap((id) => contents.get(id)?.remarks ?? []),
      isUnchanged: isUnchanged(snapshot, before),
      transport,
    }));
  });
}

/** Whether the snapshot of the same source before this one has the same image. An image never changes under its ID. */
function isUnchanged({ source, imageIds }: Snapshot, before: readonly Snapshot[]): boolean {
  const previous = before.find(
    ({ source: { kind, name, engineId } }) =>
      kind === source.kind && name === source.name && engineId === source.engineId,
  );
  return previous?.imageIds.join() === imageIds.join();
}

async function requireTags(
  engine: Engine,
  images: readonly ImageToBackUp[],
  signal: AbortSignal,
): Promise<void> {
  for (const { id, tags } of images) {
    const details = await engine.images.inspect(id, { signal });
    for (const tag of tags)
      if (!details.tags.some((current) => isSameName(current, tag))) throw failure('tagMoved', { tag });
  }
}

function nameOf({ tags, id }: ImageToBackUp): string {
  return tags[0] ?? shortDigest(id);
}
