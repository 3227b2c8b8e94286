import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import type { BackupResult } from '../../../src/core/backup/backupResult.ts';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import type { Engine, RegistryLogIn } from '../../../src/core/engine/engine.ts';
import type { ImageDetails } from '../../../src/core/engine/records.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { readDocument } from '../../../src/core/vault/blobStore.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { openEndpoint } from '../../../src/registry/endpoint/openEndpoint.ts';
import { descriptorOf, manifestBytes } from '../../support/archives/producers.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../../support/archives/sampleImages.ts';
import { containerdInfo } from '../../support/containerdEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const types = 'application/vnd.oci.image.';

/** How a push goes, where it does not go as it should. */
interface Fault {
  /** Leaves the last layer out. */
  readonly lacksLayer?: boolean;
  /** Sends blobs in a piece of their own, before it says what they are. */
  readonly saysLater?: boolean;
  /** Pushes the manifest of another image. */
  readonly other?: SampleImage;
}

/** An engine with a containerd store, as far as a push needs one. It can't save, so a stream is a failure. */
class PushingEngine {
  readonly engine: Engine;
  readonly names: string[] = [];
  readonly sent: Digest[] = [];
  fault: Fault = {};

  constructor(images: readonly SampleImage[]) {
    const rest = unusableEngine('unix:///store.sock', failure('engineUnreachable', { endpoint: 'store' }));
    const found = (ref: string): SampleImage => {
      const image = images.find((one) => idOf(one) === ref || one.tags.includes(ref));
      if (image === undefined) throw failure('engineNotFound', { kind: 'image', name: ref });
      return image;
    };
    let pushed: SampleImage | undefined;
    this.engine = {
      ...rest,
      info: () => Promise.resolve(containerdInfo),
      images: {
        ...rest.images,
        inspect: (ref) =>
          Promise.resolve().then(() => detailsOf(this.names.includes(ref) ? pushed : found(ref))),
        tag: (ref, name) => {
          pushed = found(ref);
          this.names.push(name);
          return Promise.resolve();
        },
        remove: (name) => {
          this.names.splice(this.names.indexOf(name), 1);
          return Promise.resolve([]);
        },
        checkLogIn: async (logIn) => {
          await asked(logIn, 'GET', '');
        },
        push: async (name, logIn) => {
          assert.ok(pushed);
          await this.#push(pushed, name, logIn);
        },
      },
    };
  }

  async #push(image: SampleImage, name: string, logIn: RegistryLogIn): Promise<void> {
    const { lacksLayer = false, saysLater = false, other = image } = this.fault;
    const layers = image.layers.map((layer) => gzipSync(layer));
    for (const blob of [...(lacksLayer ? layers.slice(0, -1) : layers), image.config]) {
      const digest = digestOf(blob);
      if ((await asked(logIn, 'HEAD', `drydock/blobs/${digest}`)).ok) continue;
      const begun = await asked(logIn, 'POST', 'drydock/blobs/uploads/');
      const place = (begun.headers.get('location') ?? '').slice('/v2/'.length);
      if (saysLater) await asked(logIn, 'PATCH', place, blob);
      await asked(logIn, 'PUT', `${place}?digest=${digest}`, saysLater ? undefined : blob);
      this.sent.push(digest);
    }
    const tag = name.slice(name.lastIndexOf(':') + 1);
    const { status } = await asked(logIn, 'PUT', `drydock/manifests/${tag}`, manifestOf(other));
    if (status !== 201) throw failure('engineRefused', { call: 'image push', reason: `status ${status}` });
  }
}

async function asked(
  { address, username, password }: RegistryLogIn,
  method: string,
  path: string,
  body?: Uint8Array,
): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': `${types}manifest.v1+json` };
  return await fetch(`http://${address}/v2/${path}`, {
    method,
    headers,
    ...(body && { body: Uint8Array.from(body) }),
  });
}

function manifestOf({ config, layers }: SampleImage): Buffer {
  return manifestBytes(
    descriptorOf(config, `${types}config.v1+json`),
    layers.map((layer) => descriptorOf(gzipSync(layer), `${types}layer.v1.tar+gzip`)),
  );
}

const idOf = (image: SampleImage): Digest => digestOf(manifestOf(image));

function detailsOf(image: SampleImage | undefined): ImageDetails {
  assert.ok(image);
  const { tags, diffIds, platform } = image;
  const config = { env: [], entrypoint: [], command: [], labels: {}, exposedPorts: [], volumes: [] };
  return {
    ...{ id: idOf(image), tags, repoDigests: [], sizeBytes: 20 << 20, platform, diffIds, raw: {} },
    config: { ...config, user: '', workingDir: '' },
  };
}

describe('what a containerd store pushes', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const [base, one, two] = [sampleLayer(1, 300_000), sampleLayer(2, 5000), sampleLayer(3, 7000)];
  const first = sampleImage([base, one], ['app:1']);
  const next = sampleImage([base, two], ['app:2']);
  let vault: Vault;
  let store: PushingEngine;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    store = new PushingEngine([first, next]);
  });

  async function backUp(image: SampleImage): Promise<BackupResult> {
    const deps = { engine: store.engine, vault, owner: await currentProcess(), openEndpoint };
    const images = [{ id: idOf(image), tags: image.tags }];
    const [result] = await backupImages(deps, { images, transport: 'delta' }, unattended());
    assert.ok(result);
    return result;
  }

  it('is kept under its own digests, and does not come again', async () => {
    await backUp(first);
    store.sent.length = 0;
    const { transport } = await backUp(next);
    assert.equal(transport?.transport, 'delta');
    assert.deepEqual(store.sent, [digestOf(gzipSync(two)), next.configDigest]);
    for (const bytes of [gzipSync(base), gzipSync(two), next.config, manifestOf(next)])
      assert.deepEqual(await readDocument(vault.blobs, { digest: digestOf(bytes) }), bytes);
    assert.deepEqual(store.names, []);
  });

  const faults: Readonly<Record<string, Fault>> = {
    'a blob did not come': { lacksLayer: true },
    'a blob is named only after its bytes': { saysLater: true },
    'the manifest is of another image': { other: next },
  };
  for (const [what, fault] of Object.entries(faults))
    it(`is not taken for the image when ${what}`, async () => {
      store.fault = fault;
      // All of it is asked for then, which this engine can't give.
      await assert.rejects(backUp(first), { code: 'engineUnreachable' });
      assert.deepEqual(store.names, []);
    });
});
