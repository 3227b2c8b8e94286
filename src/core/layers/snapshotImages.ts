import { shortDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { parseImageConfig } from '../oci/manifest.ts';
import type { SnapshotContents, SnapshotManifest } from '../snapshot/snapshot.ts';
import { readDocument, type BlobReader, type CancelOptions } from '../vault/blobStore.ts';
import { layerEntries } from '../vault/layerIndex.ts';
import { withOwnNames, type LayeredImage, type LayerFiles, type WantedFile } from './layeredImage.ts';
import { readEntries, readFileData, type FileToRead } from './readFileData.ts';
import type { TreeLayer } from './treeNode.ts';

/**
 * The images in a snapshot, those of containers with their own changes as the top layer first. Their layers are listed
 * in the vault; no layer is read. Rejects with `blobMissing`, `blobDamaged`, `badJson`.
 */
export async function snapshotImages(
  store: BlobReader,
  { containers, images }: SnapshotContents,
  cancel: CancelOptions = {},
): Promise<readonly LayeredImage[]> {
  const manifests = images.flatMap((image) => image.manifests.map((manifest) => ({ image, manifest })));
  const named: { manifest: SnapshotManifest; named: Pick<LayeredImage, 'name' | 'kind' | 'tags'> }[] = [];
  const writable = new Map<Digest, string>();
  for (const { document } of containers)
    if (document.writableManifest !== undefined) writable.set(document.writableManifest, document.name);
  for (const { manifest } of manifests) {
    const name = writable.get(manifest.descriptor.digest);
    if (name !== undefined) named.push({ manifest, named: { name, kind: 'container', tags: [] } });
  }
  for (const { image, manifest } of manifests) {
    if (image.role !== 'image') continue;
    const { tags } = image;
    named.push({ manifest, named: { name: tags[0] ?? shortDigest(image.id), kind: 'image', tags } });
  }
  const found: LayeredImage[] = [];
  for (const { manifest, named: names } of named)
    found.push(await manifestImage(store, manifest, names, cancel));
  return withOwnNames(found);
}

/** One image of a snapshot, called as `names` say. Files are read out of the frames that hold them. */
export async function manifestImage(
  store: BlobReader,
  { config, platform, layers }: SnapshotManifest,
  names: Pick<LayeredImage, 'name' | 'kind' | 'tags'>,
  cancel: CancelOptions = {},
): Promise<LayeredImage> {
  const bytes = await readDocument(store, { digest: config.digest, sizeBytes: config.size }, cancel);
  return {
    ...names,
    platform,
    configDigest: config.digest,
    config: parseImageConfig(bytes, `${store.name}: ${config.digest}`),
    layers: layers.map(({ diffId, index }) => ({
      diffId,
      tarBytes: index.plainBytes,
      entries: (signal) => layerEntries(store, index, { signal }),
    })),
    files: storedFiles(store, layers, names.name),
  };
}

/** Files of layers that lie in a vault. */
function storedFiles(store: BlobReader, layers: readonly TreeLayer[], name: string): LayerFiles {
  const stored = ({ file, path }: WantedFile): FileToRead => {
    const layer = layers[file.layer.place];
    if (layer === undefined) throw failure('pathMissing', { path: `/${path}`, name });
    return { file: { ...file, layer }, path: `/${path}` };
  };
  return {
    async *read(wanted, { signal }) {
      const { file, path } = stored(wanted);
      yield* readFileData(store, file, { path, name }, { signal });
    },
    async *readMany(wanted, { signal }) {
      const files = wanted.map((whole) => ({ ...stored(whole), whole }));
      for await (const { one, bytes } of readEntries(store, { files, name }, { signal }))
        yield { one: one.whole, bytes };
    },
  };
}
