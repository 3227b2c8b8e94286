import * as z from 'zod';
import { ociIndexType } from '../oci/mediaTypes.ts';
import { parseJson } from '../oci/parseJson.ts';
import { sealState } from '../vault/entrySeal.ts';
import { vaultFileFault, vaultFormat, type Vault } from '../vault/layout.ts';
import { readSmallFile } from '../vault/readSmallFile.ts';
import { isSnapshot, refNameOf, type IndexEntry, type SnapshotIndex } from '../vault/snapshotIndex.ts';
import { looksLikeSnapshot } from './looksLikeSnapshot.ts';
import { damageReason, isDamage, type VaultProblem } from './vaultProblem.ts';

const ociLayout = z.strictObject({ imageLayoutVersion: z.literal('1.0.0') });
/** All that image-spec v1.1 has in an index, beside its manifests. */
const indexFields: ReadonlySet<string> = new Set([
  'schemaVersion',
  'mediaType',
  'artifactType',
  'subject',
  'annotations',
]);
const maxBytes = 1 << 16;

/** What is wrong with the files of a vault that are no blobs. */
export async function checkVaultFiles(
  vault: Vault,
  index: SnapshotIndex,
  signal: AbortSignal,
): Promise<readonly VaultProblem[]> {
  const { paths, listing } = vault;
  if (listing !== undefined)
    return (await listing.faults({ signal })).map(({ name, reason }) => {
      return { kind: 'file', path: name, detail: reason, snapshots: [] };
    });
  const problems: VaultProblem[] = [];
  const tell = (path: string, detail: string): void => {
    problems.push({ kind: 'file', path, detail, snapshots: [] });
  };
  const check = async (path: string, look: () => Promise<string | undefined>): Promise<void> => {
    try {
      const fault = await look();
      if (fault !== undefined) tell(path, fault);
    } catch (error) {
      if (!isDamage(error)) throw error;
      tell(path, damageReason(error));
    }
  };
  await check(paths.ociLayout, async () => {
    parseJson(await readSmallFile(paths.ociLayout, maxBytes), ociLayout, paths.ociLayout);
    return undefined;
  });
  await check(paths.vaultFile, () =>
    vault.settings.formatVersion > vaultFormat
      ? Promise.resolve(`it has format ${vault.settings.formatVersion}`)
      : vaultFileFault(vault),
  );
  for (const [name, value] of Object.entries(index.fields)) {
    if (!indexFields.has(name)) tell(paths.index, `it has an unknown field "${name.slice(0, 100)}"`);
    if (name === 'mediaType' && value !== ociIndexType)
      tell(paths.index, 'its mediaType is not that of an index');
  }
  for (const entry of index.entries) {
    const fault = await entryFault(vault, entry, signal);
    if (fault === undefined) continue;
    const { descriptor } = entry;
    problems.push({
      kind: 'entry',
      path: paths.index,
      ...(descriptor && { digest: descriptor.digest }),
      detail: fault,
      snapshots: descriptor && isSnapshot(entry) ? [descriptor.digest] : [],
    });
  }
  return problems;
}

async function entryFault(vault: Vault, entry: IndexEntry, signal: AbortSignal): Promise<string | undefined> {
  const { descriptor } = entry;
  if (descriptor === undefined) return 'an entry has no sha256 digest or no size';
  if (sealState(entry) === 'broken') return 'the entry was changed since it was written';
  if (isSnapshot(entry))
    return refNameOf(entry) === undefined ? 'the entry of a snapshot has no name' : undefined;
  const isLost = await looksLikeSnapshot(vault, descriptor, signal);
  return isLost ? 'the entry is no longer marked as a snapshot' : undefined;
}
