import * as z from 'zod';
import { digestOf, hexOf, isDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { engineLayers, type EngineLayers } from '../engine/engineLayers.ts';
import { DrydockError, failure } from '../errors.ts';
import { parseJson } from '../oci/parseJson.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import type { BlobReader, CancelOptions, StoredBlob } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';

/** What a target has, as far as it need not travel there: made at the target, or taken from the last bundle for it. */
export interface Inventory {
  readonly target: {
    readonly kind: 'engine' | 'vault';
    /** The engine's own ID, or the vault's. */
    readonly id: string;
    /** For people. */
    readonly name: string;
    /** How an engine takes images in; absent for a vault. */
    readonly store?: EngineLayers['store'];
  };
  readonly createdMs: number;
  /** IDs of images, for people to look at: an ID alone doesn't promise that all of an image is there. */
  readonly images: ReadonlySet<Digest>;
  /** Layers by the digest of their plain tar, however the target keeps them. */
  readonly diffIds: ReadonlySet<Digest>;
  /** Blobs by the digest of their bytes as stored. */
  readonly blobs: ReadonlySet<Digest>;
}

/** Fields of an inventory's file as JSON; digests are written as hex, sorted. */
export type InventoryDocument = z.output<typeof document>;

/** Far above what engines and vaults hold; a file of this many has 14 MB. */
const maxDigests = 200_000;
const limits = { maxBytes: 16 << 20, maxDepth: 8 };
const hexList = z.array(z.string().regex(/^[0-9a-f]{64}$/, 'not a sha256 in hex')).max(maxDigests);
const document = z.object({
  type: z.literal('drydock-inventory'),
  formatVersion: z.literal(1),
  target: z.object({
    kind: z.enum(['engine', 'vault']),
    id: z.string().max(1000),
    name: z.string().max(1000),
    store: z.enum(['classic', 'containerd', 'podman']).optional(),
  }),
  created: z.iso.datetime(),
  images: hexList,
  diffIds: hexList,
  blobs: hexList,
  /** Digest of the other fields as JSON, in this order: whoever trusts a wrong one leaves out what is needed. */
  seal: z.string().max(100),
});

/** The file of at most this size may be an inventory. */
export const maxInventoryBytes = limits.maxBytes;

/** What an engine has, layer by layer. Rejects with the engine's failures. */
export async function engineInventory(
  engine: Engine,
  nowMs: number,
  { signal }: CancelOptions = {},
): Promise<Inventory> {
  const cancel = signal && { signal };
  const info = await engine.info(cancel);
  const { images, store } = await engineLayers(engine, { info }, cancel);
  const { engineId, engineName } = engineIdentity(info);
  return {
    target: { kind: 'engine', id: engineId, name: engineName, store },
    createdMs: nowMs,
    images: new Set(images.map(({ id }) => id)),
    diffIds: new Set(images.flatMap(({ diffIds }) => diffIds)),
    blobs: new Set(),
  };
}

/** Of more, the smallest are left out of an inventory: they travel then, which costs least. */
const mostBlobs = 60_000;

/** What a vault has: the blobs that it lists. Rejects as its store does. */
export async function vaultInventory(
  vault: VaultBlobs,
  nowMs: number,
  { signal }: CancelOptions = {},
): Promise<Inventory> {
  const blobs: StoredBlob[] = [];
  for await (const blob of vault.blobs.list(signal && { signal })) blobs.push(blob);
  if (blobs.length > mostBlobs) blobs.sort((a, b) => b.sizeBytes - a.sizeBytes);
  const { root } = vault.paths;
  return {
    target: { kind: 'vault', id: vault.settings.id, name: root },
    createdMs: nowMs,
    images: new Set(),
    diffIds: new Set(),
    blobs: new Set(blobs.slice(0, mostBlobs).map(({ digest }) => digest)),
  };
}

type VaultBlobs = Pick<Vault, 'paths' | 'settings'> & { readonly blobs: Pick<BlobReader, 'list'> };

/** The inventory as its file has it. Throws `badInventory` for one that no reader would take. */
export function inventoryBytes(inventory: Inventory): Buffer {
  const bytes = Buffer.from(JSON.stringify(inventoryDocument(inventory)));
  if (bytes.length > limits.maxBytes)
    throw failure('badInventory', { name: inventory.target.name, reason: 'it holds too much' });
  return bytes;
}

/** The inventory as a document, for its file and for the bundles that were made by it. */
export function inventoryDocument({
  target,
  createdMs,
  images,
  diffIds,
  blobs,
}: Inventory): InventoryDocument {
  const fields = {
    type: 'drydock-inventory',
    formatVersion: 1,
    target,
    created: new Date(createdMs).toISOString(),
    images: hexOfAll(images),
    diffIds: hexOfAll(diffIds),
    blobs: hexOfAll(blobs),
  } as const;
  return { ...fields, seal: sealOf(fields) };
}

/** Reads an inventory's file; throws `badInventory`. */
export function parseInventory(bytes: Uint8Array, name: string): Inventory {
  try {
    return inventoryOf(parseJson(bytes, document, name, limits), name);
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'badJson')
      throw failure('badInventory', { name, reason: String(error.details['reason']) }, error);
    throw error;
  }
}

/** Takes an inventory's document, wherever it stood; throws `badInventory` when it was changed. */
export function inventoryOf(said: InventoryDocument, name: string): Inventory {
  const { type, formatVersion, target, created, images, diffIds, blobs } = said;
  const fields = { type, formatVersion, target, created, images, diffIds, blobs };
  if (sealOf(fields) !== said.seal)
    throw failure('badInventory', { name, reason: 'it was changed since it was made' });
  return {
    target: targetOf(target),
    createdMs: Date.parse(created),
    images: digestsOf(images),
    diffIds: digestsOf(diffIds),
    blobs: digestsOf(blobs),
  };
}

/** The schema of an inventory inside another document. */
export const inventorySchema = document;

function sealOf({ target, ...rest }: Omit<InventoryDocument, 'seal'>): string {
  return digestOf(JSON.stringify([targetOf(target), ...Object.entries(rest).sort(byName)]));
}

/** Its fields in the order in which they are sealed. */
function targetOf({ kind, id, name, store }: InventoryDocument['target']): Inventory['target'] {
  return { kind, id, name, ...(store && { store }) };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function hexOfAll(digests: ReadonlySet<Digest>): string[] {
  return [...digests].map((digest) => hexOf(digest)).sort();
}

function digestsOf(hex: readonly string[]): ReadonlySet<Digest> {
  return new Set(hex.map((digits) => `sha256:${digits}`).filter(isDigest));
}
