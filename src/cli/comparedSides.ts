import { stat } from 'node:fs/promises';
import { isDigest } from '../core/digest.ts';
import { DrydockError, failure } from '../core/errors.ts';
import { containerTree } from '../core/fileTrees/containerTree.ts';
import { cachedEngineImage } from '../core/fileTrees/engineImage.ts';
import type { FileTree } from '../core/fileTrees/fileTree.ts';
import { imageTree } from '../core/fileTrees/imageTree.ts';
import { LayerIndexCache } from '../core/fileTrees/layerIndexCache.ts';
import { layerRangeTree } from '../core/fileTrees/layerRangeTree.ts';
import { snapshotTrees } from '../core/fileTrees/snapshotTrees.ts';
import { imageTrees, type TreeToOpen } from '../core/fileTrees/treeToOpen.ts';
import { volumeTree } from '../core/fileTrees/volumeTree.ts';
import { chooseImage, imagesCalled, type LayeredImage } from '../core/layers/layeredImage.ts';
import { diffIdsOf } from '../core/oci/diffIds.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { openSnapshot } from '../core/snapshot/snapshots.ts';
import type { Vault } from '../core/vault/layout.ts';
import { currentProcess } from '../core/vault/processIdentity.ts';
import { ownedHelpers, sweepHelpers } from '../core/volumes/ownedHelpers.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { usageFailure } from './failures.ts';
import { findContainer } from './findContainer.ts';
import { archiveAt, imageOfEngine, snapshotCalled } from './layeredImages.ts';
import { parseSideWord, type SideWord } from './sideWord.ts';
import { openChosenVault } from './vaultOption.ts';

/** What the help says about A and B. */
export const sideWords = [
  'A and B are each an archive or a folder with an OCI layout on this disk, a snapshot of the vault, or an image, a container or a volume of the engine, whichever has the name, in this order. image://, container://, volume://, snapshot:// and archive:// before it say which is meant.',
  'Where an archive or a snapshot holds several, //NAME behind it says which: both.tar//app:1.4, shop@latest//pgdata. @layer:3 or @layer:2-5 at the end means these layers alone, counted from 0 at the bottom as `drydock analyze` does.',
];

/** The files of what one side names. Rejects with a usage failure, and as whatever holds the files does. */
export async function openSide(context: CommandContext, args: Arguments, word: string): Promise<FileTree> {
  // A path is what it is, whatever signs are in it.
  const side: SideWord = (await isThere(word)) ? { kind: 'archive', name: word } : parseSideWord(word);
  const { kind, name } = side;
  if (kind === 'archive' || (kind === undefined && (name === '-' || (await isThere(name)))))
    return await archiveSide(context, side);
  const vault = await vaultFor(context, args, kind);
  if (vault !== undefined && (kind === undefined || kind === 'snapshot')) {
    const snapshot = await snapshotCalled(vault, name, kind === 'snapshot', context.operation);
    if (snapshot) return await snapshotSide(context, vault, snapshot, side);
  }
  if (side.root !== undefined) throw usageFailure(`"${name}" in "${word}" is no archive and no snapshot.`);
  return await engineSide(context, args, side, vault);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function vaultFor(
  context: CommandContext,
  args: Arguments,
  kind: SideWord['kind'],
): Promise<Vault | undefined> {
  const isNamed = args.text('vault') !== undefined || (context.vaultFolder ?? '') !== '';
  return isNamed || kind === 'snapshot' ? openChosenVault(context, args, 'read') : undefined;
}

async function archiveSide(context: CommandContext, side: SideWord): Promise<FileTree> {
  const { images, where } = await archiveAt(context, side.name);
  const chosen = chooseImage(images, { where, ...(side.root !== undefined && { wanted: side.root }) });
  const name = images.length > 1 ? `${where}//${chosen.name}` : where;
  const tree = await imageSide({ ...chosen, name }, side, context);
  return { ...tree, kind: tree.kind === 'image' ? 'archive' : tree.kind };
}

async function snapshotSide(
  { operation }: CommandContext,
  vault: Vault,
  snapshot: Snapshot,
  side: SideWord,
): Promise<FileTree> {
  const { signal } = operation;
  const contents = await openSnapshot(vault, snapshot, { signal });
  const trees = await snapshotTrees(vault.blobs, contents, { signal });
  const tree = chooseTree(trees, snapshot.refName, side.root);
  const name = trees.length > 1 ? `${snapshot.refName}//${tree.name}` : snapshot.refName;
  if (side.layers === undefined) return { ...(await tree.open(signal)), name };
  if (tree.image === undefined) throw usageFailure(`${name} has no layers of its own.`);
  return layersOf({ ...tree.image, name }, side.layers, signal);
}

/** The one that `wanted` names; without it the only one, or the only container's. */
function chooseTree(trees: readonly TreeToOpen[], name: string, wanted: string | undefined): TreeToOpen {
  const known = trees.map((tree) => tree.name).join(', ') || '-';
  if (wanted !== undefined) {
    const images = trees.flatMap(({ image }) => image ?? []);
    const called = imagesCalled(images, wanted);
    const [found] = trees.filter(
      (tree) => tree.name === wanted || (tree.image && called.includes(tree.image)),
    );
    if (found === undefined) throw failure('rootMissing', { name, root: wanted, known });
    return found;
  }
  const containers = trees.filter(({ kind }) => kind === 'container');
  const [only] = trees.length === 1 ? trees : containers.length === 1 ? containers : [];
  if (only === undefined) throw failure('rootUnclear', { name, known });
  return only;
}

/** An image; where none has the name, a container; where none has it either, a volume. */
async function engineSide(
  context: CommandContext,
  args: Arguments,
  side: SideWord,
  vault: Vault | undefined,
): Promise<FileTree> {
  const { kind, name } = side;
  const open = {
    image: async () => imageSide(await imageOfEngine(context, args, name, vault), side, context),
    container: () => containerSide(context, args, name),
    volume: () => volumeSide(context, name),
  };
  if (side.layers !== undefined || kind === 'image') return open.image();
  if (kind === 'container' || kind === 'volume') return open[kind]();
  const notFound: unknown[] = [];
  for (const one of [open.image, open.container, open.volume])
    try {
      return await one();
    } catch (error) {
      if (!(error instanceof DrydockError) || error.code !== 'engineNotFound') throw error;
      notFound.push(error);
    }
  throw failure('engineNotFound', { kind: 'image, container or volume', name }, notFound[0]);
}

async function imageSide(
  image: LayeredImage,
  { layers }: SideWord,
  { operation }: CommandContext,
): Promise<FileTree> {
  if (layers !== undefined) return layersOf(image, layers, operation.signal);
  const [tree] = imageTrees([image]);
  return tree === undefined ? imageTree(image, operation.signal) : tree.open(operation.signal);
}

async function layersOf(
  image: LayeredImage,
  { from, to }: NonNullable<SideWord['layers']>,
  signal: AbortSignal,
): Promise<FileTree> {
  if (to >= image.layers.length)
    throw usageFailure(`${image.name} has the layers 0 to ${image.layers.length - 1}, and no layer ${to}.`);
  const name = `${image.name}@layer:${from === to ? from : `${from}-${to}`}`;
  return { ...(await layerRangeTree(image, { from, to }, signal)), name };
}

async function containerSide(context: CommandContext, args: Arguments, name: string): Promise<FileTree> {
  const { operation, cacheFolder } = context;
  const engine = await context.engine();
  const { id, imageId } = await findContainer(engine, name, operation.signal);
  const isCached = cacheFolder !== undefined && !args.isSet('no-cache');
  const known =
    isCached &&
    isDigest(imageId) &&
    (await cachedEngineImage(
      { engine, cache: new LayerIndexCache({ folder: cacheFolder }) },
      imageId,
      operation,
    ));
  const image = known && {
    configDigest: known.configDigest,
    config: known.config,
    diffIds: diffIdsOf(known.config),
  };
  return containerTree({ engine }, { container: id, ...(image && { image }) }, operation);
}

async function volumeSide({ engine: connected, operation }: CommandContext, name: string): Promise<FileTree> {
  const engine = await connected();
  // Before anything is done for it: a mount would make a volume of any name.
  const volumes = await engine.volumes.list(operation);
  if (!volumes.some((volume) => volume.name === name))
    throw failure('engineNotFound', { kind: 'volume', name });
  const deps = { engine, owner: await currentProcess() };
  await sweepHelpers(deps, operation);
  return volumeTree(ownedHelpers(deps), { volume: name }, operation);
}
