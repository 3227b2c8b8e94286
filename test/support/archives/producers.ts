import { gzipSync } from 'node:zlib';
import { digestOf, hexOf } from '../../../src/core/digest.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { tarEnd, tarFile, tarHeader } from '../../../src/core/archive/tarWriter.ts';
import { fullName, parseImageName } from '../../../src/core/oci/imageName.ts';
import type { SampleImage } from './sampleImages.ts';

/** Archives as each producer writes them, so far as a reader can tell. */

type Entry =
  | { readonly path: string; readonly bytes: Uint8Array | string }
  | { readonly path: string; readonly linkPath: string; readonly type?: 'symlink' | 'hardlink' }
  | { readonly path: string; readonly isDirectory: true };

/** A tar of these entries, in this order. */
export function tarOf(entries: readonly Entry[]): Buffer {
  return Buffer.concat([
    ...entries.map((entry) => {
      if ('bytes' in entry) return tarFile(entry.path, entry.bytes);
      if ('linkPath' in entry) return tarHeader({ type: 'symlink', ...entry });
      return tarHeader({ path: entry.path, type: 'directory' });
    }),
    tarEnd,
  ]);
}

const ociType = (kind: string): string => `application/vnd.oci.image.${kind}`;
const blobEntry = (bytes: Uint8Array): Entry => ({ path: `blobs/sha256/${hexOf(digestOf(bytes))}`, bytes });
const layout: Entry = { path: 'oci-layout', bytes: '{"imageLayoutVersion":"1.0.0"}' };
const sorted = (entries: readonly Entry[]): Entry[] =>
  [...new Map(entries.map((entry) => [entry.path, entry])).values()].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );

/**
 * Docker 20.10 to 24: folders of v1 IDs in lexical order, a layer that occurs twice as a symlink, which may come
 * before what it points at, manifest.json and repositories last.
 */
export function legacyEngine(images: readonly SampleImage[]): Buffer {
  const entries: Entry[] = [];
  const owner = new Map<Digest, string>();
  const items = images.map((image) => {
    const folders = image.layers.map((_, at) => hexOf(digestOf(`v1 ${image.configDigest} ${at}`)));
    // Taken from the top, so that links tend to come first.
    for (const [at, folder] of [...folders.entries()].reverse()) {
      const layer = image.layers[at] ?? Buffer.alloc(0);
      const diffId = digestOf(layer);
      const known = owner.get(diffId);
      owner.set(diffId, known ?? folder);
      entries.push(
        { path: `${folder}/`, isDirectory: true },
        { path: `${folder}/VERSION`, bytes: '1.0' },
        { path: `${folder}/json`, bytes: '{"id":"x"}' },
        known === undefined
          ? { path: `${folder}/layer.tar`, bytes: layer }
          : { path: `${folder}/layer.tar`, linkPath: `../${known}/layer.tar` },
      );
    }
    const configPath = `${hexOf(image.configDigest)}.json`;
    entries.push({ path: configPath, bytes: image.config });
    return {
      Config: configPath,
      RepoTags: image.tags.length > 0 ? image.tags : null,
      Layers: folders.map((folder) => `${folder}/layer.tar`),
    };
  });
  return tarOf([
    ...sorted(entries),
    { path: 'manifest.json', bytes: JSON.stringify(items) },
    { path: 'repositories', bytes: '{}' },
  ]);
}

/** Docker 25 and newer, classic store: an OCI layout with manifest.json, LayerSources and stray v1 configs. */
export function classicEngine(
  images: readonly SampleImage[],
  options: { readonly leavesUntaggedOut?: boolean; readonly swapsLayers?: boolean } = {},
): Buffer {
  const parts = images.map((image) => ociParts(image, { swapsLayers: options.swapsLayers === true }));
  const manifests = parts.flatMap(({ descriptor, image }) => {
    if (image.tags.length === 0) return options.leavesUntaggedOut ? [] : [descriptor];
    return image.tags.map((tag) => named(descriptor, tag));
  });
  return tarOf(
    sorted([
      { path: 'blobs/', isDirectory: true },
      { path: 'blobs/sha256/', isDirectory: true },
      ...parts.flatMap(({ entries }) => entries),
      blobEntry(Buffer.from('{"id":"a stray v1 config"}')),
      { path: 'index.json', bytes: index(manifests) },
      { path: 'manifest.json', bytes: manifestJson(images, (layer) => layer, { LayerSources: {} }) },
      layout,
      { path: 'repositories', bytes: '{}' },
    ]),
  );
}

/** What the containerd store adds: an index with an attestation and a platform that was never pulled. */
export interface ContainerdArchive {
  readonly bytes: Buffer;
  readonly targetDigest: Digest;
  readonly manifestDigest: Digest;
}

/** Docker with the containerd store: gzip blobs as pulled, nested index, attestation, absent platform. */
export function containerdStore(
  image: SampleImage,
  options: { readonly withoutManifestJson?: boolean; readonly other?: SampleImage } = {},
): ContainerdArchive {
  const packed = ociParts(image, { packs: true });
  const other = options.other ? ociParts(options.other, { packs: true }) : undefined;
  const statement = Buffer.from('{"_type":"in-toto"}');
  const attestationConfig = Buffer.from('{"architecture":"unknown","os":"unknown","rootfs":{"diff_ids":[]}}');
  const attestation = manifestBytes(descriptorOf(attestationConfig, ociType('config.v1+json')), [
    descriptorOf(statement, 'application/vnd.in-toto+json'),
  ]);
  const inner = Buffer.from(
    index([
      { ...packed.descriptor, platform: image.platform },
      ...(options.other && other ? [{ ...other.descriptor, platform: options.other.platform }] : []),
      {
        ...descriptorOf(Buffer.from('never pulled'), ociType('manifest.v1+json')),
        platform: { os: 'linux', architecture: 's390x' },
      },
      {
        ...descriptorOf(attestation, ociType('manifest.v1+json')),
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
      },
    ]),
  );
  const outer = Buffer.from(index([descriptorOf(inner, ociType('index.v1+json'))]));
  const target = descriptorOf(outer, ociType('index.v1+json'));
  const bytes = tarOf(
    sorted([
      ...packed.entries,
      ...(other?.entries ?? []),
      ...[statement, attestationConfig, attestation, inner, outer].map(blobEntry),
      { path: 'index.json', bytes: index(image.tags.map((tag) => named(target, tag))) },
      ...(options.withoutManifestJson
        ? []
        : [{ path: 'manifest.json', bytes: manifestJson([image], (layer) => gzipSync(layer)) }]),
      layout,
    ]),
  );
  return { bytes, targetDigest: digestOf(outer), manifestDigest: packed.descriptor.digest };
}

/** BuildKit `--output type=oci`: as the containerd store writes it, without manifest.json. */
export function buildkitOci(image: SampleImage, other?: SampleImage): ContainerdArchive {
  return containerdStore(image, { withoutManifestJson: true, ...(other && { other }) });
}

/** skopeo, podman and buildah `docker-archive`: layers by diffID at the root, v1 folders as links to them. */
export function skopeoDocker(image: SampleImage): Buffer {
  const entries: Entry[] = [];
  image.layers.forEach((bytes, at) => {
    const file = `${hexOf(digestOf(bytes))}.tar`;
    const folder = hexOf(digestOf(`v1 ${at}`));
    if (image.layers.indexOf(bytes) === at) entries.push({ path: file, bytes });
    entries.push(
      { path: `${folder}/layer.tar`, linkPath: `../${file}` },
      { path: `${folder}/VERSION`, bytes: '1.0' },
      { path: `${folder}/json`, bytes: '{}' },
    );
  });
  const configPath = `${hexOf(image.configDigest)}.json`;
  const item = {
    Config: configPath,
    RepoTags: image.tags.map((tag) => fullName(parseImageName(tag))),
    Layers: image.diffIds.map((diffId) => `${hexOf(diffId)}.tar`),
  };
  return tarOf([
    ...entries,
    { path: configPath, bytes: image.config },
    { path: 'manifest.json', bytes: JSON.stringify([item]) },
    { path: 'repositories', bytes: '{}' },
  ]);
}

/** skopeo `oci-archive`: one manifest, gzip layers, and as its name whatever was typed. */
export function skopeoOci(image: SampleImage, refName: string): Buffer {
  const { entries, descriptor } = ociParts(image, { packs: true });
  return tarOf([
    ...sorted(entries),
    {
      path: 'index.json',
      bytes: index([{ ...descriptor, annotations: { 'org.opencontainers.image.ref.name': refName } }]),
    },
    layout,
  ]);
}

interface TestDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function descriptorOf(bytes: Uint8Array, mediaType: string): TestDescriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

export function index(manifests: readonly TestDescriptor[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: ociType('index.v1+json'), manifests });
}

export function manifestBytes(config: TestDescriptor, layers: readonly TestDescriptor[]): Buffer {
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: ociType('manifest.v1+json'), config, layers }),
  );
}

function ociParts(
  image: SampleImage,
  options: { readonly packs?: boolean; readonly swapsLayers?: boolean },
): { image: SampleImage; descriptor: TestDescriptor; entries: Entry[] } {
  const stored = image.layers.map((layer) => (options.packs ? gzipSync(layer) : layer));
  const layers = stored.map((bytes) =>
    descriptorOf(bytes, ociType(`layer.v1.tar${options.packs ? '+gzip' : ''}`)),
  );
  if (options.swapsLayers) layers.reverse();
  const manifest = manifestBytes(descriptorOf(image.config, ociType('config.v1+json')), layers);
  return {
    image,
    descriptor: descriptorOf(manifest, ociType('manifest.v1+json')),
    entries: [...stored, image.config, manifest].map(blobEntry),
  };
}

function named(descriptor: TestDescriptor, tag: string): TestDescriptor {
  const name = parseImageName(tag);
  return {
    ...descriptor,
    annotations: {
      'io.containerd.image.name': fullName(name),
      'org.opencontainers.image.ref.name': name.tag,
    },
  };
}

function manifestJson(
  images: readonly SampleImage[],
  store: (layer: Buffer) => Uint8Array,
  more: object = {},
): string {
  const blobOf = (bytes: Uint8Array): string => `blobs/sha256/${hexOf(digestOf(bytes))}`;
  return JSON.stringify(
    images.map((image) => ({
      Config: blobOf(image.config),
      RepoTags: image.tags.length > 0 ? image.tags : null,
      Layers: image.layers.map((layer) => blobOf(store(layer))),
      ...more,
    })),
  );
}
