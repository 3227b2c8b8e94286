import type { Digest } from '../digest.ts';
import { shortDigest } from '../digest.ts';
import { ociIndexType } from '../oci/mediaTypes.ts';
import { snapshotRef } from '../snapshot/refNames.ts';
import type { Snapshot, SnapshotContents, SnapshotSource } from '../snapshot/snapshot.ts';
import { annotationsOf } from '../snapshot/snapshotAnnotations.ts';
import { openSnapshot } from '../snapshot/snapshots.ts';
import type { Vault } from '../vault/layout.ts';
import { newEntry, snapshotType, type IndexEntry } from '../vault/snapshotIndex.ts';
import { looksLikeSnapshot } from './looksLikeSnapshot.ts';
import { isDamage } from './vaultProblem.ts';

/** The tag of a snapshot whose entry was made again from what its documents say. */
export const recoveredTag = 'recovered';

/**
 * Snapshots whose documents lie in the vault, but for those in `listed`. What only index.json knew can't be told any
 * more: time, engine, tags and pins. The time is that of the document's file.
 */
export async function findSnapshotDocuments(
  vault: Vault,
  listed: ReadonlySet<Digest>,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  const taken = new Set<string>();
  for await (const blob of vault.blobs.list({ signal })) {
    if (listed.has(blob.digest) || !(await looksLikeSnapshot(vault, blob, signal))) continue;
    const createdMs = (await vault.blobs.stat(blob.digest))?.storedMs ?? 0;
    const bare: Snapshot = {
      id: blob.digest,
      sizeBytes: blob.sizeBytes,
      refName: '',
      source: { kind: 'image', name: `unknown-${shortDigest(blob.digest)}`, engineId: '', engineName: '' },
      createdMs: Math.floor(createdMs),
      plainBytes: 0,
      newBytes: 0,
      imageIds: [],
      tags: [recoveredTag],
      isPinned: false,
      remarkCount: 0,
    };
    const known = { ...bare, ...(await toldByContents(vault, bare, signal)) };
    const refName = snapshotRef(known.source, known.createdMs, (name) => taken.has(name));
    taken.add(refName);
    found.push({ ...known, refName });
  }
  return found;
}

/** The entry of a snapshot that was found so. */
export function recoveredEntry(snapshot: Snapshot, isTaken: (refName: string) => boolean): IndexEntry {
  const refName = snapshotRef(snapshot.source, snapshot.createdMs, isTaken);
  return newEntry({
    mediaType: ociIndexType,
    artifactType: snapshotType,
    digest: snapshot.id,
    sizeBytes: snapshot.sizeBytes,
    annotations: annotationsOf({ ...snapshot, refName }),
  });
}

async function toldByContents(
  vault: Vault,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<Partial<Snapshot>> {
  try {
    const contents = await openSnapshot(vault, snapshot, { signal });
    const { images, containers, volumes } = contents;
    const layers = [
      ...images.flatMap(({ manifests }) => manifests.flatMap((manifest) => manifest.layers)),
      ...volumes.flatMap(({ parts }) => parts),
    ];
    const plain = new Map(layers.map(({ descriptor, index }) => [descriptor.digest, index.plainBytes]));
    const remarks = [...containers, ...volumes].flatMap(({ document }) => document.remarks);
    return {
      source: sourceOf(contents) ?? snapshot.source,
      plainBytes: [...plain.values()].reduce((sum, bytes) => sum + bytes, 0),
      imageIds: images.filter(({ role }) => role === 'image').map(({ id }) => id),
      remarkCount: remarks.length,
    };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return {};
  }
}

function sourceOf({ project, containers, volumes, images }: SnapshotContents): SnapshotSource | undefined {
  const engine = { engineId: '', engineName: '' };
  const [container, volume, image] = [containers[0], volumes[0], images[0]];
  if (project) return { kind: 'project', name: project.document.project, ...engine };
  if (container) return { kind: 'container', name: container.document.name, ...engine };
  if (volume) return { kind: 'volume', name: volume.document.name, ...engine };
  return image && { kind: 'image', name: image.tags[0] ?? image.id, ...engine };
}
