import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { digestOf } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { explainFileError, hasCode } from '../files/fileErrors.ts';
import { linkExclusively, syncFolder } from '../files/writeDurably.ts';
import { parseJson } from '../oci/parseJson.ts';
import type { BlobStore, CancelOptions } from './blobStore.ts';
import { folderStore } from './folderStore.ts';
import { withPartialFile } from './partialFile.ts';
import { readSmallFile } from './readSmallFile.ts';
import { emptyIndex, parseSnapshotIndex, type SnapshotIndex } from './snapshotIndex.ts';
import { vaultPaths, type VaultPaths } from './vaultPaths.ts';
import { unwatched, type VaultSteps } from './vaultSteps.ts';

/** The format that this version writes. Higher ones are only read. */
export const vaultFormat = 1;

const maxFileBytes = 1 << 16;

const ociLayout = z.looseObject({ imageLayoutVersion: z.string().max(100) });

/** Fields of vault.json as they are written; the last says whether the others are still the same. */
const vaultFields = ['formatVersion', 'id', 'compression', 'recipients', 'created', 'seal'];

const vaultFile = z.looseObject({
  formatVersion: z.number().int().positive(),
  id: z.uuid(),
  compression: z.enum(['zstd', 'gzip']),
  recipients: z.array(z.string().max(10_000)).max(1000),
  created: z.string().max(100),
});

/** What was chosen when the vault was made. */
export interface VaultSettings {
  readonly formatVersion: number;
  readonly id: string;
  /** How layers are packed. */
  readonly compression: 'zstd' | 'gzip';
  /** Whom blobs are encrypted for; nobody yet. */
  readonly recipients: readonly string[];
  /** ISO time, UTC. */
  readonly created: string;
}

/** The list of snapshots of a vault that has no files: one in a registry. */
export interface VaultListing {
  /** As index.json would list them. Rejects as the calls of a registry do. */
  read(cancel?: CancelOptions): Promise<SnapshotIndex>;
  /** What may be a snapshot and can't be read, by its name there. */
  faults(cancel?: CancelOptions): Promise<readonly { readonly name: string; readonly reason: string }[]>;
}

/** An open vault. */
export interface Vault {
  readonly paths: VaultPaths;
  readonly settings: VaultSettings;
  readonly access: 'read' | 'write';
  readonly blobs: BlobStore;
  /** In the place of index.json; then `paths.root` is only its name, and there are no other paths. */
  readonly listing?: VaultListing;
  /** Does nothing but in tests. */
  readonly steps: VaultSteps;
}

export interface CreateVaultInput {
  readonly path: string;
  readonly compression: 'zstd' | 'gzip';
}

/** What {@link createVault} leaves when it is stopped; a folder with nothing else may become a vault. */
const ownNames: ReadonlySet<string> = new Set(['blobs', 'drydock', 'index.json', 'oci-layout']);

/**
 * Makes a vault in an empty folder, or in one that is not there yet. vault.json comes last and makes it one, so that
 * a making that was stopped can be done again. Rejects with `vaultNotEmpty`, `vaultExists`, `fileUnusable`,
 * `diskFilledUp`.
 */
export async function createVault(
  input: CreateVaultInput,
  { signal, steps = unwatched }: CancelOptions & { readonly steps?: VaultSteps } = {},
): Promise<Vault> {
  const paths = vaultPaths(resolve(input.path));
  signal?.throwIfAborted();
  await requireVacant(paths);
  const settings: VaultSettings = {
    formatVersion: vaultFormat,
    id: randomUUID(),
    compression: input.compression,
    recipients: [],
    created: new Date().toISOString(),
  };
  const documents = [
    [paths.ociLayout, { imageLayoutVersion: '1.0.0' }],
    [paths.index, emptyIndex],
    [paths.vaultFile, { ...settings, seal: sealOf(settings) }],
  ] as const;
  try {
    await makeFolders(paths);
    for (const [path, content] of documents)
      await withPartialFile(
        paths.partial,
        [Buffer.from(JSON.stringify(content))],
        { steps, ...(signal && { signal }) },
        async (partial) => {
          await linkExclusively(partial.path, path).catch((error: unknown) => {
            // Another one who makes this vault now may use it already: nothing of theirs is replaced.
            if (path === paths.vaultFile || !hasCode(error, 'EEXIST')) throw error;
          });
          await syncFolder(dirname(path));
        },
      );
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'fileExists')
      throw failure('vaultExists', { path: paths.root }, error);
    throw explainFileError(error, paths.root);
  }
  return openVault({ path: paths.root, access: 'write' }, { steps });
}

/**
 * Opens the vault at `path`. Reading touches nothing. Rejects with `notAVault`, with `vaultTooNew` when a newer
 * format is to be written, and with `badJson` for files that are not what they should be.
 */
export async function openVault(
  { path, access }: { readonly path: string; readonly access: 'read' | 'write' },
  { steps = unwatched }: { readonly steps?: VaultSteps } = {},
): Promise<Vault> {
  const paths = vaultPaths(resolve(path));
  const layoutBytes = await readPart(paths, paths.ociLayout, 'it has no file oci-layout');
  const { imageLayoutVersion } = parseJson(layoutBytes, ociLayout, paths.ociLayout);
  if (imageLayoutVersion !== '1.0.0')
    throw failure('notAVault', {
      path: paths.root,
      reason: `its layout has version ${imageLayoutVersion}`,
    });
  const vaultBytes = await readPart(paths, paths.vaultFile, 'another tool made this layout');
  const settings = parseSettings(vaultBytes, paths);
  if (access === 'write') {
    if (settings.formatVersion > vaultFormat)
      throw failure('vaultTooNew', {
        path: paths.root,
        found: settings.formatVersion,
        known: vaultFormat,
      });
    await makeFolders(paths).catch((error: unknown) => {
      throw explainFileError(error, paths.root);
    });
  }
  return { paths, settings, access, steps, blobs: folderStore(paths, steps) };
}

/** Throws `vaultReadOnly` unless the vault was opened to write, and `vaultInRegistry` where it has no files. */
export function requireWritable(vault: Vault): void {
  if (vault.listing !== undefined) throw failure('vaultInRegistry', { path: vault.paths.root });
  if (vault.access !== 'write') throw failure('vaultReadOnly', { path: vault.paths.root });
}

/** Over all fields but the seal, as they stand. */
function sealOf(settings: object): string {
  const fields = Object.entries(settings).filter(([name]) => name !== 'seal');
  return digestOf(JSON.stringify(Object.fromEntries(fields)));
}

/**
 * Whether vault.json says what it said when the vault was made: a reason if not. Opening does not ask, so that a
 * changed date keeps nobody from their data. Rejects with `badJson`, `fileMissing`.
 */
export async function vaultFileFault({ paths }: Pick<Vault, 'paths'>): Promise<string | undefined> {
  const fields = parseJson(await readSmallFile(paths.vaultFile, maxFileBytes), vaultFile, paths.vaultFile);
  if (fields.formatVersion > vaultFormat) return undefined;
  const unknown = Object.keys(fields).find((name) => !vaultFields.includes(name));
  if (unknown !== undefined) return `it has an unknown field "${unknown.slice(0, 100)}"`;
  // Vaults from before there were seals.
  if (fields['seal'] === undefined || fields['seal'] === sealOf(fields)) return undefined;
  return 'a field was changed';
}

function parseSettings(bytes: Uint8Array, paths: VaultPaths): VaultSettings {
  const { formatVersion } = parseJson(bytes, vaultFile.pick({ formatVersion: true }), paths.vaultFile);
  // What a newer format says of itself beyond its version is only a hint, and may be missing.
  if (formatVersion > vaultFormat)
    return {
      formatVersion,
      id: '00000000-0000-0000-0000-000000000000',
      compression: 'zstd',
      recipients: [],
      created: '',
      ...partlyParsed(bytes, paths),
    };
  return parseJson(bytes, vaultFile, paths.vaultFile);
}

function partlyParsed(bytes: Uint8Array, paths: VaultPaths): Partial<VaultSettings> {
  try {
    return parseJson(bytes, vaultFile, paths.vaultFile);
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'badJson') return {};
    throw error;
  }
}

async function readPart(paths: VaultPaths, path: string, absence: string): Promise<Uint8Array> {
  try {
    return await readSmallFile(path, maxFileBytes);
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'fileMissing')
      throw failure('notAVault', { path: paths.root, reason: absence }, error);
    throw error;
  }
}

async function makeFolders(paths: VaultPaths): Promise<void> {
  for (const folder of [paths.blobs, paths.locks, paths.journal, paths.partial]) {
    const firstMade = await mkdir(folder, { recursive: true });
    if (firstMade === undefined) continue;
    // Every folder on the way got a new name in it.
    for (let at = folder; at.length >= firstMade.length; at = dirname(at)) await syncFolder(dirname(at));
  }
}

async function requireVacant(paths: VaultPaths): Promise<void> {
  const names = await namesIn(paths.root);
  if (names.length === 0) return;
  const [vaultNames, blobs] = [await namesIn(dirname(paths.vaultFile)), await namesIn(paths.blobs)];
  if (vaultNames.includes('vault.json')) throw failure('vaultExists', { path: paths.root });
  const isOurs = names.every((name) => ownNames.has(name)) && vaultNames.includes('partial');
  if (isOurs && blobs.length === 0 && (await hasNoEntries(paths, names))) return;
  throw failure('vaultNotEmpty', { path: paths.root });
}

async function hasNoEntries(paths: VaultPaths, names: readonly string[]): Promise<boolean> {
  if (!names.includes('index.json')) return true;
  const bytes = await readSmallFile(paths.index, maxFileBytes);
  return parseSnapshotIndex(bytes, paths.index).entries.length === 0;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw explainFileError(error, folder);
  }
}
