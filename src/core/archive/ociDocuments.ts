import { digestOf } from '../digest.ts';
import type { Digest } from '../digest.ts';
import type { Platform } from '../engine/records.ts';
import { fullName, tryParseImageName } from '../oci/imageName.ts';
import { annotations, ociConfigType, ociIndexType, ociManifestType } from '../oci/mediaTypes.ts';

/** The documents of an OCI layout and of a docker-archive, as Drydock writes them: same input, same bytes. */

export interface PlacedBlob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** What index.json says of one image. */
export interface IndexEntry {
  readonly target: PlacedBlob;
  readonly tags: readonly string[];
  readonly platform?: Platform;
}

/** One item of a docker-archive's manifest.json. */
export interface ManifestJsonItem {
  readonly configPath: string;
  readonly tags: readonly string[];
  readonly layerPaths: readonly string[];
}

/** The file that marks an OCI layout. */
export const ociLayoutJson = '{"imageLayoutVersion":"1.0.0"}';

/** An image manifest over a config that is kept as it is. */
export function imageManifest(
  config: { readonly digest: Digest; readonly sizeBytes: number },
  layers: readonly PlacedBlob[],
): PlacedBlob & { readonly bytes: Uint8Array } {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifestType,
      config: descriptorOf({ ...config, mediaType: ociConfigType }),
      layers: layers.map(descriptorOf),
    }),
  );
  return { mediaType: ociManifestType, digest: digestOf(bytes), sizeBytes: bytes.length, bytes };
}

/**
 * index.json: a descriptor for each name, since a descriptor has room for one, and one without for an image that
 * has none. Both annotations are needed: containerd names an image by the first, OCI tools by the second.
 */
export function indexJson(entries: readonly IndexEntry[]): string {
  const manifests = new Map<string, object>();
  for (const { target, tags, platform } of entries)
    for (const tag of tags.length === 0 ? [undefined] : tags)
      manifests.set(`${target.digest} ${tag ?? ''}`, {
        ...descriptorOf(target),
        ...(platform && platform.os !== '' && { platform }),
        ...(tag !== undefined && { annotations: nameAnnotations(tag) }),
      });
  return JSON.stringify({ schemaVersion: 2, mediaType: ociIndexType, manifests: [...manifests.values()] });
}

/** manifest.json; items of the same image become one. */
export function manifestJson(items: readonly ManifestJsonItem[]): string {
  const byConfig = Map.groupBy(items, ({ configPath }) => configPath);
  return JSON.stringify(
    [...byConfig].map(([configPath, same]) => {
      const tags = [...new Set(same.flatMap((item) => item.tags))];
      return {
        Config: configPath,
        RepoTags: tags.length === 0 ? null : tags,
        Layers: same[0]?.layerPaths ?? [],
      };
    }),
  );
}

function nameAnnotations(tag: string): Record<string, string> {
  return {
    [annotations.containerdName]: withRegistry(tag),
    [annotations.refName]: tryParseImageName(tag)?.tag ?? tag,
  };
}

/** `app:1` ⇒ `docker.io/library/app:1`. Podman gives a short name of manifest.json to `localhost` instead. */
export function withRegistry(tag: string): string {
  const name = tryParseImageName(tag);
  return name === undefined ? tag : fullName(name);
}

function descriptorOf({ mediaType, digest, sizeBytes }: PlacedBlob): object {
  return { mediaType, digest, size: sizeBytes };
}
