import type { ArchivedImage, ArchivedLayer } from '../archive/archive.ts';
import { manifestJson } from '../archive/ociDocuments.ts';
import type { Shipment } from '../archive/shipping.ts';
import { digestOf, hexOf, type Digest } from '../digest.ts';
import { parseImageConfig, type ImageConfig } from '../oci/manifest.ts';
import type { ConversionPlan, PlannedFile } from './convertedForm.ts';

/**
 * The form that Docker 1.10 to 24 writes: a folder of an ID of its own for each layer, with the plain tar in it, the
 * config under its digest, and manifest.json. A layer that stands in several folders lies in the first of them, and is
 * a link in the others. The IDs of folders mean nothing to whoever reads manifest.json; they follow from the layers
 * below and, for an image's last, from its config, so that the same image gives the same bytes.
 */
export function planOlderForm(images: readonly ArchivedImage[]): Omit<ConversionPlan, 'leftOut'> {
  const shipments = new Map<string, Shipment>();
  const layerPaths = new Map<Digest, string>();
  const files = new Map<string, PlannedFile>();
  const repositories: Record<string, Record<string, string>> = {};
  const items = images.map((image) => {
    const config = parseImageConfig(image.configBytes, image.configDigest);
    const configPath = `${hexOf(image.configDigest)}.json`;
    files.set(configPath, { path: configPath, bytes: image.configBytes });
    let parent: string | undefined;
    const paths = image.layers.map((layer, at) => {
      const isLast = at === image.layers.length - 1;
      const folder = layerFolder(layer, parent, isLast ? image.configDigest : undefined);
      const path = `${folder}/layer.tar`;
      const known = layerPaths.get(layer.diffId);
      if (known === undefined) {
        layerPaths.set(layer.diffId, path);
        shipments.set(layer.path, plainShipment(layer));
      }
      for (const file of folderFiles(folder, parent, config, isLast)) files.set(file.path, file);
      if (known !== undefined && known !== path) files.set(path, { path, linkPath: `../${known}` });
      parent = folder;
      return path;
    });
    for (const tag of image.tags) {
      const [repository, name] = splitName(tag);
      if (parent !== undefined) (repositories[repository] ??= {})[name] = parent;
    }
    return { configPath, tags: image.tags, layerPaths: paths };
  });
  return {
    shipments,
    pathOf: (digest) => layerPaths.get(digest) ?? digest,
    before: [],
    after: [
      ...files.values(),
      { path: 'manifest.json', bytes: manifestJson(items) },
      { path: 'repositories', bytes: JSON.stringify(repositories) },
    ],
    images: images.map((image) => ({ image })),
  };
}

function plainShipment({ diffId, sizeBytes, storedDigest, compression }: ArchivedLayer): Shipment {
  return { digest: diffId, sizeBytes, ...(storedDigest !== diffId && { unpack: compression }) };
}

function layerFolder({ diffId }: ArchivedLayer, parent: string | undefined, config?: Digest): string {
  return hexOf(digestOf(JSON.stringify({ parent, diffId, config })));
}

function folderFiles(
  folder: string,
  parent: string | undefined,
  config: ImageConfig,
  isLast: boolean,
): readonly PlannedFile[] {
  const { created, os, architecture } = config;
  const about = {
    id: folder,
    ...(parent !== undefined && { parent }),
    created: created ?? '1970-01-01T00:00:00Z',
    ...(isLast && { architecture, config: config['config'] ?? {} }),
    os,
  };
  return [
    { path: `${folder}/`, isFolder: true },
    { path: `${folder}/VERSION`, bytes: '1.0' },
    { path: `${folder}/json`, bytes: JSON.stringify(about) },
  ];
}

/** `host:5000/team/app:1` ⇒ `host:5000/team/app` and `1` */
function splitName(name: string): readonly [string, string] {
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  return colon < 0 ? [name, 'latest'] : [name.slice(0, colon), name.slice(colon + 1)];
}
