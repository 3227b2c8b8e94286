/** Small vaults with snapshots in them, written as a backup writes them, and what else stands in their way. */
import { tarEnd, tarFile } from '../../src/core/archive/tarWriter.ts';
import { landSnapshot } from '../../src/core/snapshot/landSnapshot.ts';
import type { Snapshot, SnapshotSource } from '../../src/core/snapshot/snapshot.ts';
import { SnapshotDraft } from '../../src/core/snapshot/snapshotDraft.ts';
import { putLayer } from '../../src/core/snapshot/storedLayer.ts';
import { ociConfigType, ociManifestType } from '../../src/core/oci/mediaTypes.ts';
import { unattended } from '../../src/core/progress.ts';
import { putDocument, type BlobReader, type StoredBlob } from '../../src/core/vault/blobStore.ts';
import type { Vault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { descriptorOf } from '../../src/core/vault/snapshotDocuments.ts';
import { withVaultSession } from '../../src/core/vault/vaultSession.ts';
import { inChunks } from './archives/byteStreams.ts';

export interface KeptInput {
  readonly name: string;
  readonly kind?: 'volume' | 'image';
  /** Paths and what is in them; the same files are the same layer. */
  readonly files?: Readonly<Record<string, string>>;
  readonly createdMs?: number;
  readonly tags?: readonly string[];
}

/** Backs something up that no engine has. */
export async function keep(vault: Vault, input: KeptInput): Promise<Snapshot> {
  const { name, kind = 'volume', files = { data: `the data of ${name}` }, createdMs = Date.now() } = input;
  const owner = await currentProcess();
  const operation = unattended();
  return withVaultSession({ vault, owner }, { kind: 'backup', subject: name }, operation, async (session) => {
    const { blobs, settings } = session.vault;
    const draft = new SnapshotDraft(blobs);
    const parts = Object.entries(files).map(([path, data]) => tarFile(path, data));
    const layer = await putLayer(blobs, {
      bytes: inChunks(Buffer.concat([...parts, tarEnd])),
      name,
      compression: settings.compression,
    });
    const source: SnapshotSource = { kind, name, engineId: 'engine-1', engineName: 'dock' };
    if (kind === 'volume') {
      await draft.addVolume(
        {
          formatVersion: 1,
          name,
          kind: 'volume',
          driver: 'local',
          options: {},
          labels: {},
          isAnonymous: false,
          root: '',
          entryCount: layer.index.entryCount,
          plainBytes: layer.index.plainBytes,
          remarks: [],
        },
        [layer],
      );
    } else {
      const platform = { os: 'linux', architecture: 'amd64' };
      const config = await putDocument(
        blobs,
        JSON.stringify({ ...platform, rootfs: { type: 'layers', diff_ids: [layer.diffId] } }),
      );
      const manifest = await putDocument(
        blobs,
        JSON.stringify({
          schemaVersion: 2,
          mediaType: ociManifestType,
          config: descriptorOf(ociConfigType, config),
          layers: [layer.descriptor],
        }),
      );
      await draft.addImage({
        id: config.digest,
        tags: [name],
        role: 'image',
        target: descriptorOf(ociManifestType, manifest),
        platform,
        layers: [layer],
      });
    }
    return landSnapshot(
      session,
      draft,
      { source, createdMs, imageIds: [], ...(input.tags && { tags: input.tags }) },
      operation,
    );
  });
}

/** Every blob of a store, in the order of their digests. */
export async function blobsIn(store: BlobReader): Promise<readonly StoredBlob[]> {
  const found: StoredBlob[] = [];
  for await (const blob of store.list()) found.push(blob);
  return found.sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
