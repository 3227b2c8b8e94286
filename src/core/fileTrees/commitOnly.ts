import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTar } from '../archive/tarReader.ts';
import { tarEnd, tarFile, tarHeader, tarPadding } from '../archive/tarWriter.ts';
import { digestOf, hexOf, Hasher, type Digest } from '../digest.ts';
import { keepOnlyIf } from '../engine/keepOnlyIf.ts';
import { sendWhole } from '../engine/sendWhole.ts';
import { failure } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import type { LayeredImage } from '../layers/layeredImage.ts';
import { familiarName, parseImageName } from '../oci/imageName.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import { parseDockerArchiveManifest, type ImageConfig } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import { headersOf } from '../volumes/renamedTar.ts';
import { changedLayer } from './changedLayer.ts';
import { containerChanges } from './containerChanges.ts';
import { openEngineImage, type EngineImageDeps } from './engineImage.ts';
import { imageTree } from './imageTree.ts';

export interface CommitOnlyInput {
  readonly container: string;
  /** Paths among the container's changes; of a folder all changes below it are meant. */
  readonly paths: readonly string[];
  readonly name?: string;
  /** Seen in the history. */
  readonly message: string;
  /** The image that the container runs on, where it is open already. */
  readonly image?: LayeredImage;
}

export interface CommittedOnly {
  readonly id: Digest;
  readonly name?: string;
  /** Of the new layer's tar. */
  readonly layerBytes: number;
  readonly layers: number;
}

/** How much an engine is sent: a classic store needs no layer that it has, others take an image only as a whole. */
export type BaseTransfer = 'left out' | 'sent';

/**
 * Makes an image of the image of a container and one layer with the chosen ones of its changes: 1. find the changes,
 * 2. write the layer, 3. load it on top of the image's own layers, 4. see that the engine has these layers, then name
 * it. Config and history are the image's, with one more step. What fails or is cancelled leaves no image and no name.
 *
 * Rejects with `pathMissing` for what is not changed, `fileChanged`, `loadMismatch`, and as the engine does.
 */
export async function commitOnly(
  deps: EngineImageDeps,
  input: CommitOnlyInput,
  operation: Operation,
  transfer?: BaseTransfer,
): Promise<CommittedOnly> {
  const { engine } = deps;
  const { signal, progress } = operation;
  const name = input.name === undefined ? undefined : familiarName(parseImageName(input.name));
  const details = await engine.containers.inspect(input.container, { signal });
  const { root } = await containerChanges(deps, { container: details.id }, operation);
  for (const path of input.paths) {
    let node: typeof root | undefined = root;
    for (const part of path.split('/')) if (part !== '') node = node?.children.get(part);
    if (node === undefined) throw failure('pathMissing', { path: `/${path}`, name: details.name });
  }
  const image = input.image ?? (await openEngineImage(deps, details.imageId, operation));
  const { root: files } = await imageTree(image, signal);
  const folder = join(tmpdir(), passingName());
  try {
    await sweepLeftovers(tmpdir());
    await mkdir(folder, { mode: 0o700 });
    const path = join(folder, 'layer.tar');
    const chosen = { container: details, changes: root, paths: new Set(input.paths), image: files };
    const layer = await spooled(path, changedLayer(engine, chosen, operation));
    const config = Buffer.from(JSON.stringify(withLayer(image.config, layer.diffId, input.message)));
    const { imageStore, product } = await engine.info({ signal });
    const isKnown = imageStore === 'graphdriver' && product === 'docker';
    const how = transfer ?? (isKnown ? 'left out' : 'sent');
    const base = how === 'sent' ? await engine.images.save([details.imageId], { signal }) : undefined;
    progress.report({ phase: 'sending', item: details.name, totalBytes: layer.sizeBytes });
    const tar = archiveOf({ image, config, layer: { path, ...layer }, base });
    const { ids } = await sendWhole(tar, signal, (bytes, cut) => engine.images.load(bytes, { signal: cut }));
    const id = ids[0] ?? digestOf(config);
    return await keepOnlyIf(engine.images, { id, name }, signal, async () => {
      const made = await engine.images.inspect(id, { signal });
      const expected = [...diffIdsOf(image.config), layer.diffId];
      if (made.diffIds.length !== expected.length || !made.diffIds.every((one, at) => one === expected[at]))
        throw failure('loadMismatch', {
          name: details.name,
          reason: 'its layers are not those that were sent',
        });
      if (imageStore === 'graphdriver' && id !== digestOf(config))
        throw failure('loadMismatch', {
          name: details.name,
          reason: 'its config is not the one that was sent',
        });
      return {
        id,
        ...(name !== undefined && { name }),
        layerBytes: layer.sizeBytes,
        layers: made.diffIds.length,
      };
    });
  } catch (error) {
    throw explainFileError(error, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function spooled(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly diffId: Digest; readonly sizeBytes: number }> {
  const hasher = new Hasher();
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytes) {
      hasher.update(chunk);
      await handle.writeFile(chunk);
    }
  } finally {
    await handle.close();
  }
  return { sizeBytes: hasher.sizeBytes, diffId: hasher.digest() };
}

function withLayer(config: ImageConfig, diffId: Digest, message: string): object {
  const created = new Date().toISOString();
  const step = { created, created_by: 'drydock commit', comment: message };
  return {
    ...config,
    created,
    rootfs: { ...config.rootfs, type: 'layers', diff_ids: [...diffIdsOf(config), diffId] },
    // Without one at all nobody could tell which step made which layer.
    ...(config.history && { history: [...config.history, step] }),
  };
}

interface ArchiveParts {
  readonly image: LayeredImage;
  readonly config: Buffer;
  readonly layer: { readonly path: string; readonly sizeBytes: number };
  /** What the engine saves of the image, where it has to be sent again. */
  readonly base: AsyncIterable<Uint8Array> | undefined;
}

/** What says which files of an archive are what; the new one has its own. */
const documents = new Set(['manifest.json', 'repositories', 'index.json', 'oci-layout']);
const layerPath = 'drydock-layer.tar';
const maxManifestBytes = 16 << 20;

async function* archiveOf({
  image,
  config,
  layer,
  base,
}: ArchiveParts): AsyncGenerator<Uint8Array, void, undefined> {
  // An engine that has them never opens these.
  let paths: readonly string[] = image.layers.map((_, at) => `known/${at}/layer.tar`);
  if (base !== undefined) {
    for await (const { entry, data } of readTar(base, image.name)) {
      if (!documents.has(entry.path)) {
        yield headersOf(entry, { from: '', to: '' }, image.name);
        yield* data;
        yield tarPadding(entry.sizeBytes);
      } else if (entry.path === 'manifest.json') {
        if (entry.sizeBytes > maxManifestBytes)
          throw failure('archiveTooLarge', { name: image.name, reason: 'its manifest.json is too large' });
        const chunks: Uint8Array[] = [];
        for await (const chunk of data) chunks.push(Buffer.from(chunk));
        const [item] = parseDockerArchiveManifest(Buffer.concat(chunks), `manifest.json of ${image.name}`);
        paths = item?.layerPaths ?? [];
      }
    }
  }
  const configPath = `${hexOf(digestOf(config))}.json`;
  yield tarFile(configPath, config);
  yield tarHeader({ path: layerPath, sizeBytes: layer.sizeBytes });
  yield* createReadStream(layer.path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
  yield tarPadding(layer.sizeBytes);
  const manifest = [{ Config: configPath, RepoTags: null, Layers: [...paths, layerPath] }];
  yield tarFile('manifest.json', JSON.stringify(manifest));
  yield tarEnd;
}
