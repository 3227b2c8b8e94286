import * as z from 'zod';
import { ociIndexType } from '../oci/mediaTypes.ts';
import { parseJson } from '../oci/parseJson.ts';
import type { StoredBlob } from '../vault/blobStore.ts';
import { newEntry, snapshotType, type IndexEntry } from '../vault/snapshotIndex.ts';
import { snapshotRef } from './refNames.ts';
import type { Snapshot } from './snapshot.ts';
import { annotationsOf, snapshotOf } from './snapshotAnnotations.ts';

const annotated = z.looseObject({ annotations: z.record(z.string(), z.string()).optional() });

/**
 * The snapshot as its own document tells of it: what its entry said when it was made. What was said since, pins and
 * changed tags among it, only index.json knew. Undefined where it tells nothing, as no document of ours. Throws `badJson`.
 */
export function snapshotOfDocument(
  bytes: Uint8Array,
  { digest, sizeBytes }: StoredBlob,
  where: string,
): Snapshot | undefined {
  const { annotations = {} } = parseJson(bytes, annotated, where);
  // How much was new is not known yet when the document is stored.
  const said = snapshotOf(entryWith({ digest, sizeBytes }, { 'dev.drydock.new': '0', ...annotations }));
  return said?.unreadable === undefined ? said : undefined;
}

/** An entry of index.json for a snapshot that has none, under a name that is free. */
export function entryOfSnapshot(snapshot: Snapshot, isTaken: (refName: string) => boolean): IndexEntry {
  const refName = snapshotRef(snapshot.source, snapshot.createdMs, isTaken);
  const { id: digest, sizeBytes } = snapshot;
  return entryWith({ digest, sizeBytes }, annotationsOf({ ...snapshot, refName }));
}

/** An entry of a snapshot. */
export function entryWith(
  { digest, sizeBytes }: StoredBlob,
  annotations: Readonly<Record<string, string>>,
): IndexEntry {
  return newEntry({ mediaType: ociIndexType, artifactType: snapshotType, digest, sizeBytes, annotations });
}
