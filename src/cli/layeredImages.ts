import { stat } from 'node:fs/promises';
import { requireChecksum } from '../core/archive/checksumFile.ts';
import { openArchiveSource } from '../core/archive/openArchiveSource.ts';
import type { Digest } from '../core/digest.ts';
import { DrydockError } from '../core/errors.ts';
import { readArchivedImages } from '../core/layers/archivedLayers.ts';
import { chooseImage, imagesCalled, type LayeredImage } from '../core/layers/layeredImage.ts';
import { snapshotImages } from '../core/layers/snapshotImages.ts';
import { diffIdsOf } from '../core/oci/manifest.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { findSnapshot, openSnapshot, readSnapshots } from '../core/snapshot/snapshots.ts';
import type { Vault } from '../core/vault/layout.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { findImage, imageLabel } from './findImage.ts';
import { withInputFile } from './inputFile.ts';
import { openChosenVault } from './vaultOption.ts';

/** What the help says about WORD. */
export const layeredImageWords =
  'WORD is an archive or a folder with an OCI layout on this disk (or - for standard input), a snapshot of the vault, or else an image of the engine, which then sends all of it once. With --vault it is a snapshot in any case.';

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
    return withInputFile(context, word, async (path) => {
      const source = await openArchiveSource(path);
      const { archive, images } = await readArchivedImages(source, context.operation);
      await requireChecksum(archive, path);
      return { source: 'archive', where: source.name, images };
    });
  if (isVaultNamed || (context.vaultFolder ?? '') !== '') {
    const vault = await openChosenVault(context, args, 'read');
    const snapshot = await snapshotCalled(vault, word, isVaultNamed);
    if (snapshot) {
      const cancel = { signal: context.operation.signal };
      const images = await snapshotImages(vault.blobs, await openSnapshot(vault, snapshot, cancel), cancel);
      return { source: 'snapshot', where: snapshot.refName, images };
    }
  }
  return { source: 'engine', ...(await imagesOfEngine(context, word)) };
}

/** Undefined where the vault has no such snapshot and WORD may be an image. */
async function snapshotCalled(vault: Vault, word: string, isNeeded: boolean): Promise<Snapshot | undefined> {
  try {
    return findSnapshot(await readSnapshots(vault), word);
  } catch (error) {
    if (!isNeeded && error instanceof DrydockError && error.code === 'snapshotUnknown') return undefined;
    throw error;
  }
}

async function imagesOfEngine(
  { engine: connected, operation }: CommandContext,
  word: string,
): Promise<Pick<FoundImages, 'where' | 'images'>> {
  const engine = await connected();
  const { signal } = operation;
  const found = await findImage(engine, word, signal);
  const name = imageLabel(found);
  const open = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield* (await engine.images.save([found.id], { signal })) as AsyncIterable<Uint8Array>;
  };
  const { images } = await readArchivedImages({ name, open }, operation);
  const { platform } = await engine.images.inspect(found.id, { signal });
  const own = images.filter(
    (image) => image.platform.os === platform.os && image.platform.architecture === platform.architecture,
  );
  const [only] = own.length === 1 ? own : images.length === 1 ? images : [];
  return { where: name, images: only ? [{ ...only, name, tags: found.tags }] : images };
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
