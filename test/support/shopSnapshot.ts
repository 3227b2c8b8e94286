/**
 * A snapshot of a small shop in a vault of its own: a database with a volume and a static address, an API that needs
 * it, and a web server that needs the API; two networks.
 */
import { unattended } from '../../src/core/progress.ts';
import { landSnapshot } from '../../src/core/snapshot/landSnapshot.ts';
import type { SnapshotContents } from '../../src/core/snapshot/snapshot.ts';
import { SnapshotDraft } from '../../src/core/snapshot/snapshotDraft.ts';
import type { CapturedContainer, CapturedNetwork } from '../../src/core/snapshot/snapshotRecords.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import type { Vault } from '../../src/core/vault/layout.ts';
import type { ProcessIdentity } from '../../src/core/vault/processIdentity.ts';
import { withVaultSession } from '../../src/core/vault/vaultSession.ts';
import {
  containerDocument,
  projectDocument,
  sourceOf,
  storeImage,
  storeLayer,
  volumeDocument,
} from './capturedThings.ts';

export const networkOf = (name: string, subnet: string): CapturedNetwork => ({
  name,
  driver: 'bridge',
  isInternal: false,
  isAttachable: false,
  isIpv6Enabled: false,
  options: {},
  labels: { kept: 'yes' },
  ipam: { Driver: 'default', Config: [{ Subnet: subnet }] },
  isPredefined: false,
});

const [front, back] = [networkOf('front', '10.11.0.0/24'), networkOf('back', '10.12.0.0/24')];

/** Lands it, with what `change` makes of each container, and opens it. */
export async function shopSnapshot(
  { vault, owner }: { readonly vault: Vault; readonly owner: ProcessIdentity },
  change: (document: CapturedContainer) => CapturedContainer = (document) => document,
): Promise<SnapshotContents> {
  const snapshot = await withVaultSession(
    { vault, owner },
    { kind: 'backup', subject: 'shop' },
    unattended(),
    async (session) => {
      const { blobs } = session.vault;
      const [base, own] = [await storeLayer(blobs, { base: 'b' }), await storeLayer(blobs, { own: 'o' })];
      const image = await storeImage(blobs, [base], { tags: ['app:1'] });
      const writable = await storeImage(blobs, [base, own], { tags: [], role: 'writable' });
      const part = await storeLayer(blobs, { 'v/rows': 'many' });
      const draft = new SnapshotDraft(blobs);
      await draft.addImage(image);
      await draft.addImage(writable);
      await draft.addVolume(volumeDocument('data', [part]), [part]);
      const plain = (name: string, more: Partial<CapturedContainer>): CapturedContainer => ({
        ...containerDocument(name, image),
        id: name.padEnd(64, '0'),
        mounts: [],
        remarks: [],
        ...more,
      });
      const mount = { type: 'volume', name: 'data', source: '', target: '/data' };
      const shop = [
        plain('web', {
          networks: [front],
          createBody: {
            Image: 'app:1',
            HostConfig: {
              NetworkMode: 'front',
              PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
            },
            NetworkingConfig: { EndpointsConfig: { front: {} } },
          },
        }),
        plain('api', {
          networks: [front, back],
          createBody: {
            Image: 'app:1',
            HostConfig: { NetworkMode: 'front' },
            NetworkingConfig: { EndpointsConfig: { back: { Aliases: ['api'] }, front: {} } },
          },
        }),
        plain('db', {
          networks: [back],
          writableManifest: writable.target.digest,
          mounts: [{ ...mount, isReadOnly: false, isIncluded: true }],
          createBody: {
            Image: 'app:1',
            HostConfig: { NetworkMode: 'back', Binds: ['data:/data'] },
            NetworkingConfig: { EndpointsConfig: { back: { IPAMConfig: { IPv4Address: '10.12.0.5' } } } },
          },
        }),
      ];
      for (const document of shop) await draft.addContainer(change(document));
      const services = [
        { name: 'web', containers: ['web'], dependsOn: ['api'] },
        { name: 'api', containers: ['api'], dependsOn: ['db'] },
        { name: 'db', containers: ['db'], dependsOn: [] },
      ];
      await draft.addProject({ ...projectDocument('shop', []), services }, []);
      const source = sourceOf('project', 'shop');
      const input = { source, createdMs: 0, imageIds: [image.id] };
      return landSnapshot(session, draft, input, unattended());
    },
  );
  return openSnapshot(vault, snapshot);
}
