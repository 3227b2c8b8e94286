import { stat } from 'node:fs/promises';
import { requireChecksum } from '../core/archive/checksumFile.ts';
import { openArchiveSource } from '../core/archive/openArchiveSource.ts';
import type { Digest } from '../core/digest.ts';
import type { Engine } from '../core/engine/engine.ts';
import { DrydockError } from '../core/errors.ts';
import { archiveImages } from '../core/fileTrees/archiveImages.ts';
import { openEngineImage, type EngineImageDeps } from '../core/fileTrees/engineImage.ts';
import { LayerIndexCache } from '../core/fileTrees/layerIndexCache.ts';
import { vaultImages } from '../core/fileTrees/vaultImages.ts';
import { readArchivedImages } from '../core/layers/archivedLayers.ts';
import { chooseImage, imagesCalled, type LayeredImage } from '../core/layers/layeredImage.ts';
import { snapshotImages } from '../core/layers/snapshotImages.ts';
import { diffIdsOf } from '../core/oci/diffIds.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { findSnapshot, openSnapshot, readSnapshots } from '../core/snapshot/snapshots.ts';
import type { CancelOptions } from '../core/vault/blobStore.ts';
import type { Vault } from '../core/vault/layout.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { findImage, imageLabel } from './findImage.ts';
import { withInputFile } from './inputFile.ts';
import { openChosenVault } from './vaultOption.ts';

/** What the help says about WORD. */
export const layeredImageWords =
  'WORD is an archive or a folder with an OCI layout on this disk (or - for standard input), a snapshot of the vault, or else an image of the engine, which sends all of it the first time. With --vault it is a snapshot in any case.';

/** Where images were looked for, and all that are there. */
export interface FoundImages {
  readonly source: 'archive' | 'snapshot' | 'engine';
  readonly where: string;
  readonly images: readonly LayeredImage[];
}

/** Every image that WORD may mean. */
export async function findLayeredImages(
  context: CommandContext,
  args: Arguments,
  word: string,
): Promise<FoundImages> {
  const isVaultNamed = args.text('vault') !== undefined;
  if (!isVaultNamed && (word === '-' || (await stat(word).catch(() => undefined)) !== undefined))
    return archiveAt(context, word);
  let vault: Vault | undefined;
  if (isVaultNamed || (context.vaultFolder ?? '') !== '') {
    vault = await openChosenVault(context, args, 'read');
    const cancel = { signal: context.operation.signal };
    const snapshot = await snapshotCalled(vault, word, isVaultNamed, cancel);
    if (snapshot) {
      const images = await snapshotImages(vault.blobs, await openSnapshot(vault, snapshot, cancel), cancel);
      return { source: 'snapshot', where: snapshot.refName, images };
    }
  }
  const image = await imageOfEngine(context, args, word, vault);
  return { source: 'engine', where: image.name, images: [image] };
}

/** The images of an archive or of a folder with an OCI layout; `-` is standard input. */
export function archiveAt(context: CommandContext, word: string): Promise<FoundImages> {
  return withInputFile(context, word, async (path) => {
    const source = await openArchiveSource(path);
    // What came on standard input is gone when its files are asked for.
    const read = word === '-' ? readArchivedImages : archiveImages;
    const { archive, images } = await read(source, context.operation);
    await requireChecksum(archive, path);
    return { source: 'archive', where: source.name, images };
  });
}

/** Undefined where the vault has no such snapshot and WORD may be an image. */
export async function snapshotCalled(
  vault: Vault,
  word: string,
  isNeeded: boolean,
  cancel: CancelOptions,
): Promise<Snapshot | undefined> {
  try {
    return findSnapshot(await readSnapshots(vault, cancel), word);
  } catch (error) {
    if (!isNeeded && error instanceof DrydockError && error.code === 'snapshotUnknown') return undefined;
    throw error;
  }
}

/** An image of the engine: of the vault or the cache what they have of it, the rest from the engine. */
export async function imageOfEngine(
  context: CommandContext,
  args: Arguments,
  word: string,
  vault?: Vault,
): Promise<LayeredImage> {
  const engine = await context.engine();
  const found = await findImage(engine, word, context.operation.signal);
  const deps = engineImageDeps(context, args, { engine, ...(vault && { vault }) });
  const image = await openEngineImage(deps, found.id, context.operation);
  return { ...image, name: imageLabel(found), tags: found.tags };
}

/** What it takes to look into images of the engine, with the cache unless `--no-cache` is given. */
export function engineImageDeps(
  { cacheFolder }: CommandContext,
  args: Arguments,
  { engine, vault }: { readonly engine: Engine; readonly vault?: Vault },
): EngineImageDeps {
  const isCached = cacheFolder !== undefined && !args.isSet('no-cache');
  return {
    engine,
    ...(isCached && { cache: new LayerIndexCache({ folder: cacheFolder }) }),
    ...(vault && { vaults: vaultImages([vault]) }),
  };
}

/** The diffIDs of the image that `--base` names: one of those beside the image, or what WORD could mean itself. */
export async function baseDiffIds(
  context: CommandContext,
  args: Arguments,
  { beside, word }: { readonly beside: FoundImages; readonly word: string },
): Promise<readonly Digest[]> {
  const [near, ...others] = imagesCalled(beside.images, word);
  if (near !== undefined && others.length === 0) return diffIdsOf(near.config);
  if (beside.source === 'engine') {
    const engine = await context.engine();
    const { signal } = context.operation;
    const { id } = await findImage(engine, word, signal);
    return (await engine.images.inspect(id, { signal })).diffIds;
  }
  const { images, where } = await findLayeredImages(context, args, word);
  return diffIdsOf(chooseImage(images, { where }).config);
}
