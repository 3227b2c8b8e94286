import * as z from 'zod';
import { DrydockError } from '../errors.ts';
import { parseJson } from '../oci/parseJson.ts';
import { readDocument } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { snapshotType, type EntryDescriptor } from '../vault/snapshotIndex.ts';

const maxBytes = 4 << 20;
const marked = z.looseObject({ artifactType: z.string().optional() });

/** Whether a document says of itself that it is a snapshot of ours, whatever index.json says of it. */
export async function looksLikeSnapshot(
  { blobs }: Pick<Vault, 'blobs'>,
  { digest, sizeBytes }: Pick<EntryDescriptor, 'digest' | 'sizeBytes'>,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await blobs.stat(digest);
  if (found === undefined || found.sizeBytes > maxBytes || found.sizeBytes !== sizeBytes) return false;
  try {
    const bytes = await readDocument(blobs, { digest }, { maxBytes, signal });
    return parseJson(bytes, marked, digest).artifactType === snapshotType;
  } catch (error) {
    // No JSON, or damaged: whoever needs to know finds that out with more to say.
    if (error instanceof DrydockError && ['badJson', 'blobDamaged', 'blobMissing'].includes(error.code))
      return false;
    throw error;
  }
}
