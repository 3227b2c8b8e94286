import * as z from 'zod';
import { isDigest, type Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { parseJson } from '../oci/parseJson.ts';
import type { StoredBlob } from '../vault/blobStore.ts';
import { inventoryDocument, inventoryOf, inventorySchema, type Inventory } from './inventory.ts';

/** The entry of a bundle that makes it one; engines and OCI tools pass it over. */
export const bundleDocumentPath = 'drydock-bundle.json';

/** What a bundle says of itself. Everything in it is checked against what lies beside it before it is used. */
export interface BundleDocument {
  readonly kind: 'images' | 'snapshots';
  readonly createdMs: number;
  /** The engine or the vault that it was made of, for people. */
  readonly madeOn: string;
  /** What that engine or vault is known by. */
  readonly madeOnId: string;
  /** IDs of its images, or of its snapshots. */
  readonly items: readonly BundleItem[];
  /** Blobs that are not in it, since the target was said to have them. */
  readonly leftOut: readonly StoredBlob[];
  /** What the target was said to have, for the next bundle; absent in a full one. */
  readonly had?: Inventory;
}

export interface BundleItem {
  readonly id: Digest;
  readonly name: string;
}

/** A document of more is not kept by who reads archives, so the inventory in it is cut: less is left out next time. */
const mostHad = 30_000;
/** More than these travel, though the target has them: so many are named beside that inventory. */
export const mostLeftOut = 12_000;

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  message: 'not a sha256 digest',
});
const document = z.object({
  type: z.literal('drydock-bundle'),
  formatVersion: z.literal(1),
  kind: z.enum(['images', 'snapshots']),
  created: z.iso.datetime(),
  madeOn: z.string().max(1000),
  madeOnId: z.string().max(1000).default(''),
  items: z.array(z.object({ id: digest, name: z.string().max(2000) })).max(10_000),
  leftOut: z
    .array(z.object({ digest, size: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER) }))
    .max(100_000),
  had: inventorySchema.optional(),
});

export function bundleDocumentBytes(said: BundleDocument): Buffer {
  return Buffer.from(
    JSON.stringify({
      type: 'drydock-bundle',
      formatVersion: 1,
      kind: said.kind,
      created: new Date(said.createdMs).toISOString(),
      madeOn: said.madeOn,
      madeOnId: said.madeOnId,
      items: said.items,
      leftOut: said.leftOut.map(({ digest: of, sizeBytes }) => ({ digest: of, size: sizeBytes })),
      ...(said.had && { had: inventoryDocument(withinLimits(said.had)) }),
    }),
  );
}

/** Reads it; throws `notABundle`, `badInventory`. */
export function parseBundleDocument(bytes: Uint8Array, name: string): BundleDocument {
  try {
    const said = parseJson(bytes, document, `${bundleDocumentPath} in ${name}`);
    return {
      kind: said.kind,
      createdMs: Date.parse(said.created),
      madeOn: said.madeOn,
      madeOnId: said.madeOnId,
      items: said.items,
      leftOut: said.leftOut.map(({ digest: of, size }) => ({ digest: of, sizeBytes: size })),
      ...(said.had && { had: inventoryOf(said.had, name) }),
    };
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'badJson')
      throw failure('notABundle', { name, reason: String(error.details['reason']) }, error);
    throw error;
  }
}

function withinLimits(had: Inventory): Inventory {
  const share = Math.floor(mostHad / 3);
  const some = (all: ReadonlySet<Digest>): ReadonlySet<Digest> =>
    all.size > share ? new Set([...all].slice(0, share)) : all;
  const isLarge = had.images.size + had.diffIds.size + had.blobs.size > mostHad;
  return isLarge
    ? { ...had, images: some(had.images), diffIds: some(had.diffIds), blobs: some(had.blobs) }
    : had;
}
