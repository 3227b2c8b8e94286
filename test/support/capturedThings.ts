import { tarEnd, tarFile } from '../../src/core/archive/tarWriter.ts';
import { digestOf, type Digest } from '../../src/core/digest.ts';
import { ociConfigType, ociManifestType } from '../../src/core/oci/mediaTypes.ts';
import type { CapturedImage } from '../../src/core/snapshot/snapshotDraft.ts';
import type { SnapshotSource } from '../../src/core/snapshot/snapshot.ts';
import type {
  CapturedContainer,
  CapturedProject,
  CapturedVolume,
} from '../../src/core/snapshot/snapshotRecords.ts';
import { putLayer, type StoredLayer } from '../../src/core/snapshot/storedLayer.ts';
import { putDocument, type BlobStore } from '../../src/core/vault/blobStore.ts';
import { descriptorOf } from '../../src/core/vault/snapshotDocuments.ts';
import { inChunks } from './archives/byteStreams.ts';

/** A layer with the files that are given, path to content. */
export function storeLayer(
  store: BlobStore,
  files: Readonly<Record<string, string | Uint8Array>>,
  compression: 'none' | 'zstd' | 'gzip' = 'zstd',
): Promise<StoredLayer> {
  const entries = Object.entries(files).map(([path, content]) => tarFile(path, content));
  const bytes = inChunks(Buffer.concat([...entries, tarEnd]));
  return putLayer(store, { bytes, name: 'layer', compression });
}

/** An image of `layers`, bottom first, as a backup from the classic store would give it. */
export async function storeImage(
  store: BlobStore,
  layers: readonly StoredLayer[],
  { tags = ['app:1'], role = 'image', architecture = 'amd64' }: Partial<ImageWords> = {},
): Promise<CapturedImage> {
  const platform = { os: 'linux', architecture };
  const config = JSON.stringify({
    ...platform,
    config: { Cmd: ['run'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifestType,
    config: descriptorOf(ociConfigType, await putDocument(store, config)),
    layers: layers.map(({ descriptor }) => descriptor),
  };
  const target = descriptorOf(ociManifestType, await putDocument(store, JSON.stringify(manifest)));
  return { id: digestOf(config), tags, role, target, platform, layers };
}

interface ImageWords {
  readonly tags: readonly string[];
  readonly role: CapturedImage['role'];
  readonly architecture: string;
}

/** A container's document. */
export function containerDocument(name: string, image: CapturedImage): CapturedContainer {
  return {
    formatVersion: 1,
    name,
    id: '0'.repeat(64),
    imageName: image.tags[0] ?? '',
    imageId: image.id,
    imageManifest: image.target.digest,
    state: 'running',
    createBody: { Image: image.tags[0] ?? image.id, HostConfig: { Binds: ['data:/data'] } },
    networks: [],
    mounts: [
      { type: 'volume', name: 'data', source: '', target: '/data', isReadOnly: false, isIncluded: true },
      { type: 'bind', name: '', source: '/etc', target: '/e', isReadOnly: true, isIncluded: false },
    ],
    remarks: [{ kind: 'bind', subject: '/e' }],
    inspect: { Name: `/${name}` },
  };
}

/** A volume's document. */
export function volumeDocument(name: string, parts: readonly StoredLayer[]): CapturedVolume {
  return {
    formatVersion: 1,
    name,
    kind: 'volume',
    driver: 'local',
    options: {},
    labels: { keep: 'yes' },
    isAnonymous: false,
    root: 'v/',
    entryCount: parts.reduce((sum, { index }) => sum + index.entryCount, 0),
    plainBytes: parts.reduce((sum, { index }) => sum + index.plainBytes, 0),
    remarks: [],
  };
}

/** A project's document for files whose blobs are `files`. */
export function projectDocument(
  project: string,
  files: readonly { readonly path: string; readonly digest: Digest; readonly sizeBytes: number }[],
): CapturedProject {
  return {
    formatVersion: 1,
    project,
    workingDir: '/srv',
    files: [...files],
    missing: [],
    services: [{ name: 'web', containers: ['web-1'], dependsOn: [] }],
  };
}

/** A source on an engine of this name. */
export function sourceOf(kind: SnapshotSource['kind'], name: string, engineId = 'E1'): SnapshotSource {
  return { kind, name, engineId, engineName: 'here' };
}
