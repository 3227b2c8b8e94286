import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tarEnd, tarFile } from '../../../src/core/archive/tarWriter.ts';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { annotations, ociIndexType } from '../../../src/core/oci/mediaTypes.ts';
import { unattended } from '../../../src/core/progress.ts';
import type {
  RemoteDescriptor,
  RemoteRegistry,
  RemoteRepository,
} from '../../../src/core/registry/remoteRepository.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { pull } from '../../../src/core/transfer/pull.ts';
import type { PulledImage } from '../../../src/core/transfer/pullImage.ts';
import { pushImage } from '../../../src/core/transfer/pushImage.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { sourceOf, registryHere } from '../../support/registryHere.ts';
import { putSignature } from '../../support/remoteImages.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const operation = unattended();
const arm = { os: 'linux', architecture: 'arm64' };

describe('an image of a registry', () => {
  const folder = temporaryFolder();
  let vault: Vault;
  let owner: ProcessIdentity;
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let from: RemoteRepository;
  beforeEach(async () => {
    vault = await createVault({ path: join(folder.path(), 'vault'), compression: 'zstd' });
    owner = await currentProcess();
    server = new FakeRegistry();
    await server.start();
    registry = registryHere(server.host);
    from = registry.repository('team/app');
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  interface Made {
    readonly manifest: RemoteDescriptor;
    readonly config: Digest;
    readonly layer: Digest;
  }
  /** An image of one gzip layer, as builders push it. */
  async function putReal(
    content: string,
    { tag, architecture = 'amd64', diffId, isForeign = false, isPacked = true }: MadeOptions = {},
  ): Promise<Made> {
    const tar = Buffer.concat([tarFile('bin/app', content), tarEnd]);
    const layer = isPacked ? gzipSync(tar) : tar;
    const config = Buffer.from(
      JSON.stringify({ os: 'linux', architecture, rootfs: { diff_ids: [diffId ?? digestOf(tar)] } }),
    );
    for (const blob of isForeign ? [config] : [config, layer]) await from.putBlob(sourceOf(blob));
    const kind = isForeign ? 'foreign.diff.tar.gzip' : 'diff.tar.gzip';
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
    const bytes = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType },
        config: {
          mediaType: 'application/vnd.docker.container.image.v1+json',
          ...{ digest: digestOf(config), size: config.length },
        },
        layers: [
          {
            mediaType: `application/vnd.docker.image.rootfs.${kind}`,
            ...{ digest: digestOf(layer), size: layer.length },
          },
        ],
      }),
    );
    const manifest = await from.putManifest({ bytes, mediaType }, tag === undefined ? {} : { tag });
    return { manifest, config: digestOf(config), layer: digestOf(layer) };
  }
  interface MadeOptions {
    readonly tag?: string;
    readonly architecture?: string;
    readonly diffId?: Digest;
    readonly isForeign?: boolean;
    readonly isPacked?: boolean;
  }

  async function putList(tag: string, parts: readonly (readonly [RemoteDescriptor, object])[]) {
    const manifests = parts.map(([{ mediaType, digest, sizeBytes: size }, more]) => ({
      ...{ mediaType, digest, size },
      ...more,
    }));
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndexType, manifests }));
    return from.putManifest({ bytes, mediaType: ociIndexType }, { tag });
  }
  async function putBoth(tag = '2'): Promise<{ top: RemoteDescriptor; amd: Made; own: Made }> {
    const amd = await putReal('for amd64');
    const own = await putReal('for arm64', { architecture: 'arm64' });
    const top = await putList(tag, [
      [amd.manifest, { platform: { os: 'linux', architecture: 'amd64' } }],
      [own.manifest, { platform: arm }],
    ]);
    return { top, amd, own };
  }

  async function pulled(
    ref: string,
    platforms?: readonly { readonly os: string; readonly architecture: string }[],
  ): Promise<PulledImage> {
    const found = await pull({ from, to: vault, owner }, { ref, platforms }, operation);
    assert.ok(found.kind === 'image');
    return found;
  }
  const has = async (digest: Digest): Promise<boolean> => (await vault.blobs.stat(digest)) !== undefined;
  const requireSound = async (): Promise<void> => {
    const { problems } = await verifyVault({ vault, owner }, { depth: 'contents' }, operation);
    assert.deepEqual(problems, []);
  };
  const requireUntouched = async (): Promise<void> => {
    assert.deepEqual(await readSnapshots(vault), []);
    for (const left of [vault.paths.partial, vault.paths.journal]) assert.deepEqual(await readdir(left), []);
  };

  it('comes into a vault as a snapshot with its manifest, its config and its gzip layer as they are', async () => {
    const { manifest, config, layer } = await putReal('one', { tag: '1' });
    const { snapshot, digest, fetched, remarks } = await pulled('1');
    const name = `${server.host}/team/app:1`;
    assert.deepEqual(
      [digest, remarks, snapshot.source.kind, snapshot.source.name, snapshot.source.engineName],
      [manifest.digest, [], 'image', name, server.host],
    );
    assert.deepEqual(snapshot.imageIds, [config, manifest.digest]);
    assert.equal(fetched.blobs, 3);
    for (const each of [manifest.digest, config, layer]) assert.ok(await has(each));
    const [image] = (await openSnapshot(vault, snapshot)).images;
    assert.deepEqual([image?.id, image?.tags, image?.target.digest], [config, [name], manifest.digest]);
    await requireSound();
    const back = registry.repository('again');
    assert.ok(image);
    const pushed = await pushImage(
      { from: vault, to: back },
      { image, tag: '1', compression: 'keep' },
      operation,
    );
    assert.equal(pushed.digest, manifest.digest);
  });

  it('comes with all of its platforms, or with those that were chosen', async () => {
    const { top, amd, own } = await putBoth();
    const some = await pulled('2', [arm]);
    assert.ok((await has(own.layer)) && !(await has(amd.layer)) && !(await has(amd.manifest.digest)));
    assert.deepEqual(some.snapshot.imageIds, [top.digest, own.config]);
    const all = await pulled('2');
    assert.equal(all.fetched.blobs, 3);
    const [image] = (await openSnapshot(vault, all.snapshot)).images;
    assert.deepEqual([image?.id, image?.manifests.length], [top.digest, 2]);
    await requireSound();
    const error = await failureOf(pulled('2', [{ os: 'windows', architecture: 'amd64' }]));
    assert.equal(error.code, 'remotePlatformMissing');
    assert.match(error.message, /windows\/amd64.*linux\/amd64, linux\/arm64/);
  });

  it('is known by its ID alone where it was asked for by digest, and is fetched once', async () => {
    const { manifest, config } = await putReal('one');
    const first = await pulled(manifest.digest);
    assert.deepEqual([first.snapshot.source.name, first.snapshot.tags], [config, []]);
    const again = await pulled(manifest.digest);
    assert.deepEqual(again.fetched, { blobs: 0, bytes: 0 });
    assert.notEqual(again.snapshot.id, first.snapshot.id);
    await requireSound();
  });

  it('brings the attestations of what was chosen, and no others', async () => {
    const amd = await putReal('for amd64');
    const own = await putReal('for arm64', { architecture: 'arm64' });
    const notes = async ({ manifest }: Made, says: string) => {
      const made = await putSignature(from, manifest, { says });
      const about = {
        [annotations.attestationKind]: 'attestation-manifest',
        'vnd.docker.reference.digest': manifest.digest,
      };
      const platform = { os: 'unknown', architecture: 'unknown' };
      return [made, { platform, annotations: about }] as const;
    };
    const [ofAmd, ofOwn] = [await notes(amd, 'built for amd64'), await notes(own, 'built for arm64')];
    await putList('2', [[amd.manifest, {}], [own.manifest, { platform: arm }], ofAmd, ofOwn]);
    await pulled('2', [arm]);
    assert.deepEqual(
      [await has(ofOwn[0].digest), await has(digestOf('built for arm64')), await has(ofAmd[0].digest)],
      [true, true, false],
    );
    await requireSound();
  });

  it('is refused where a layer unpacks to something else than its config says', async () => {
    await putReal('one', { tag: '1', diffId: digestOf('another') });
    assert.equal((await failureOf(pulled('1'))).code, 'archiveWrongDiffId');
    await requireUntouched();
  });

  it('is refused where a layer is not there, is cut, or is no tar', async () => {
    const { layer } = await putReal('one', { tag: '1' });
    const bytes = server.blob('team/app', layer);
    assert.ok(bytes);
    server.blobs.delete(`team/app ${layer}`);
    assert.equal((await failureOf(pulled('1'))).code, 'registryMissing');
    server.blobs.set(`team/app ${layer}`, bytes.subarray(0, 40));
    assert.equal((await failureOf(pulled('1'))).code, 'registryContentWrong');
    server.blobs.set(`team/app ${layer}`, Buffer.alloc(bytes.length));
    assert.equal((await failureOf(pulled('1'))).code, 'registryContentWrong');
    await requireUntouched();
  });

  it('leaves nothing when it is cancelled in the middle of a layer', async () => {
    await putReal('one', { tag: '1' });
    const stopped = new AbortController();
    server.faults.push((request, _response, { path }) => {
      if (request.method === 'GET' && path.includes('/blobs/') && stopping) stopped.abort();
      stopping ||= path.includes('/blobs/');
      return 'passes';
    });
    let stopping = false;
    const cancelled = pull(
      { from, to: vault, owner },
      { ref: '1' },
      { ...operation, signal: stopped.signal },
    );
    await assert.rejects(cancelled, { name: 'AbortError' });
    await requireUntouched();
  });

  it('is pulled without the platforms whose layers are not in the registry, and says so', async () => {
    const own = await putReal('for arm64', { architecture: 'arm64' });
    const windows = await putReal('elsewhere', { isForeign: true });
    const gone = await putReal('gone', { architecture: 's390x' });
    const platforms = [
      [own.manifest, { platform: arm }],
      [windows.manifest, { platform: { os: 'windows', architecture: 'amd64' } }],
      [gone.manifest, { platform: { os: 'linux', architecture: 's390x' } }],
    ] as const;
    await putList('2', platforms);
    for (const key of [...server.manifests.keys()])
      if (key.endsWith(gone.manifest.digest)) server.manifests.delete(key);
    const { remarks } = await pulled('2');
    assert.deepEqual(
      remarks.map(({ kind, subject }) => [kind, subject]),
      [
        ['notRead', 'windows/amd64'],
        ['notRead', 'linux/s390x'],
      ],
    );
    await requireSound();
    const error = await failureOf(pulled('2', [{ os: 'linux', architecture: 's390x' }]));
    assert.equal(error.code, 'remotePlatformMissing');
  });

  it('is what the tag stood for when it began, also when the tag moves', async () => {
    const first = await putReal('one', { tag: '1' });
    server.faults.push((request, _response, { path }) => {
      if (request.method === 'GET' && path.includes('/blobs/')) {
        const other = Buffer.from('{"schemaVersion":2}');
        server.manifests.set('team/app 1', { mediaType: first.manifest.mediaType, bytes: other });
      }
      return 'passes';
    });
    assert.equal((await pulled('1')).digest, first.manifest.digest);
  });

  it('is not made of an artifact that nothing can run', async () => {
    const { manifest } = await putReal('one');
    await putSignature(from, manifest, { says: 'signed', tag: 'sig' });
    assert.equal((await failureOf(pulled('sig'))).code, 'notAnImage');
    await requireUntouched();
  });

  it('keeps a layer that is not packed, or is packed in another way than its type says', async () => {
    const { layer } = await putReal('one', { tag: '1', isPacked: false });
    await pulled('1');
    assert.ok(await has(layer));
    await requireSound();
  });
});
