/**
 * What comes by a push is what a stream would have brought, and nothing of it is left on the engine. Run by
 * scripts/test.ts engines, on each engine in turn.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { backupContainer } from '../../src/core/backup/backupContainer.ts';
import { backupImages } from '../../src/core/backup/backupImages.ts';
import type { BackupResult } from '../../src/core/backup/backupResult.ts';
import type { TransportWish } from '../../src/core/backup/transport.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { verifyVault } from '../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../src/core/progress.ts';
import { recoverVault } from '../../src/core/recovery/recoverVault.ts';
import type { Endpoint, OpenEndpoint } from '../../src/core/registry/endpoint.ts';
import { executeRestore } from '../../src/core/restore/executeRestore.ts';
import { planRestore } from '../../src/core/restore/planRestore.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import { createVault, openVault, type Vault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { openEndpoint } from '../../src/registry/endpoint/openEndpoint.ts';
import { platformsOci } from '../support/archives/packedOci.ts';
import { sampleImage, sampleLayer } from '../support/archives/sampleImages.ts';
import { cancelledWhen } from '../support/cancelledWhen.ts';
import { testHost } from '../support/engine.ts';
import { engineHost, filesIn, tarOf, type EngineHost } from '../support/tinyImage.ts';
import { shownImage, shownImages } from './contractImages.ts';

const run = promisify(execFile);
const program = new URL('../support/deltaBackup.ts', import.meta.url).pathname;

describe('what an engine of any kind pushes into a vault', function () {
  this.timeout(120_000);
  const mark = randomBytes(4).toString('hex');
  const opened: Endpoint[] = [];
  let engine: Engine;
  let host: EngineHost;
  let folder: string;
  let vault: Vault;
  const [a, b] = [randomBytes(300_000), randomBytes(1_500_000)];

  before(async () => {
    const address = parseAddress(testHost());
    assert.ok(address);
    engine = connect(address);
    host = engineHost(engine.endpoint);
    folder = await mkdtemp(join(tmpdir(), 'drydock-delta-contract-'));
    vault = await newVault('vault');
    await build('base', 'FROM scratch', 'big', randomBytes(18 << 20));
    await build('1', `FROM ${nameOf('base')}`, 'a', a);
    await build('2', `FROM ${nameOf('1')}`, 'b', b);
    await backUp('1', 'stream');
  });
  afterEach(async () => {
    for (const { address } of opened.splice(0)) assert.equal(await isListening(address), false, address);
    for (const { tags, repoDigests } of await engine.images.list())
      assert.doesNotMatch([...tags, ...repoDigests].join(), /127\.0\.0\.1/);
    assert.deepEqual([await readdir(vault.paths.journal), await readdir(vault.paths.partial)], [[], []]);
  });
  after(async () => {
    await host.removeLabelled();
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  const nameOf = (tag: string): string => `localhost/drydock-test/${mark}-delta:${tag}`;
  const newVault = (path: string): Promise<Vault> =>
    createVault({ path: join(folder, path), compression: 'zstd' });

  async function build(tag: string, from: string, file: string, content: Uint8Array): Promise<void> {
    const dockerfile = { name: 'Dockerfile', content: `${from}\nCOPY ${file} /${file}\n` };
    await host.build(await tarOf([dockerfile, { name: file, content }]), nameOf(tag));
  }

  const watched: OpenEndpoint = async (input) => {
    const endpoint = await openEndpoint(input);
    opened.push(endpoint);
    return endpoint;
  };

  const depsFor = async (into: Vault) => ({
    engine,
    vault: into,
    owner: await currentProcess(),
    openEndpoint: watched,
  });

  async function backUp(tag: string, transport: TransportWish, into = vault): Promise<BackupResult> {
    const { id } = await engine.images.inspect(nameOf(tag));
    return await backUpImage({ id, tags: [nameOf(tag)] }, transport, into);
  }

  async function backUpImage(
    image: { readonly id: Digest; readonly tags: readonly string[] },
    transport: TransportWish,
    into = vault,
  ): Promise<BackupResult> {
    const [result] = await backupImages(await depsFor(into), { images: [image], transport }, unattended());
    assert.ok(result);
    return result;
  }

  /** What a snapshot says its images consist of, byte for byte; how a vault packs layers does not vary. */
  const contentsOf = async ({ snapshot }: BackupResult, of = vault): Promise<unknown> =>
    (await openSnapshot(of, snapshot)).images.map(({ id, target, manifests }) => ({
      id,
      target,
      manifests: manifests.map(({ descriptor, config, layers }) => ({ descriptor, config, layers })),
    }));

  const howOf = ({ transport }: BackupResult): unknown => [transport?.transport, transport?.reason];

  async function isListening(address: string): Promise<boolean> {
    const [hostName = '', port] = address.split(':');
    return await new Promise((resolve) => {
      const socket = connectSocket({ host: hostName, port: Number(port) });
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
  }

  it('brings what is new alone, the same as a stream, and nothing of it is left on the engine', async () => {
    const before = await shownImages(host, { withSteps: true });
    const result = await backUp('2', 'auto');
    assert.deepEqual(howOf(result), ['delta', 'mostIsThere'], result.transport?.detail);
    assert.equal(opened.length, 1);
    assert.deepEqual(await shownImages(host, { withSteps: true }), before);
    const { receivedBytes = 0 } = result.transport ?? {};
    assert.ok(receivedBytes > 1_500_000 && receivedBytes < 4_500_000, String(receivedBytes));
    assert.ok(result.snapshot.newBytes < 1_700_000, String(result.snapshot.newBytes));
    const saved = await buffer(await engine.images.save([nameOf('2')]));
    assert.equal(saved.includes('127.0.0.1'), false, 'an archive tells nothing of it');

    const streamed = await newVault('streamed');
    await backUp('1', 'stream', streamed);
    assert.deepEqual(
      await contentsOf(result),
      await contentsOf(await backUp('2', 'stream', streamed), streamed),
    );
    const owner = await currentProcess();
    const { problems } = await verifyVault({ vault, owner }, { depth: 'contents' }, unattended());
    assert.deepEqual(problems, []);
  });

  it('comes back with its ID, its names and its files', async () => {
    const { snapshot } = await backUp('2', 'auto');
    const shown = await shownImage(host, nameOf('2'));
    for (const tag of ['2', '1', 'base']) await engine.images.remove(nameOf(tag));
    const contents = await openSnapshot(vault, snapshot);
    const plan = await planRestore({ engine, vault }, { contents, choices: {} });
    await executeRestore({ engine, vault, owner: await currentProcess() }, plan, unattended());
    assert.deepEqual(await shownImage(host, nameOf('2')), shown);
    const container = await host.createContainer({ Image: nameOf('2'), Cmd: ['x'] });
    for (const [file, content] of Object.entries({ a, b })) {
      const tar = await buffer(await engine.containers.readArchive(container, `/${file}`));
      assert.deepEqual((await filesIn(tar)).get(file), content);
    }
  });

  it('leaves an image without a name as it is, and brings the own changes of a container', async () => {
    const tar = await tarOf([{ name: 'nameless', content: randomBytes(100_000) }]);
    const id = await engine.images.importRootfs(Readable.from([tar]), {
      changes: ['LABEL dev.drydock.test=1'],
    });
    const before = await shownImages(host, { withSteps: true });
    assert.deepEqual(before[id], []);
    const nameless = await backUpImage({ id, tags: [] }, 'delta');
    const { imageStore, product } = await engine.info();
    const isClassic = imageStore !== 'containerd' && product !== 'podman';
    const how = isClassic ? ['stream', 'imageWithoutName'] : ['delta', 'asked'];
    assert.deepEqual(howOf(nameless), how, nameless.transport?.detail);
    assert.deepEqual(await shownImages(host, { withSteps: true }), before);

    const container = await host.createContainer({ Image: nameOf('2'), Cmd: ['x'] });
    const change = await tarOf([{ name: 'changed', content: randomBytes(50_000) }]);
    await engine.containers.writeArchive(container, '/', Readable.from([change]));
    const input = { container, consistency: 'pause', includeBinds: false, transport: 'delta' } as const;
    const result = await backupContainer(await depsFor(vault), input, unattended());
    assert.deepEqual(howOf(result), ['delta', 'asked'], result.transport?.detail);
    assert.ok((result.transport?.receivedBytes ?? Infinity) < 200_000);
    const { images } = await openSnapshot(vault, result.snapshot);
    assert.deepEqual(images.map(({ role }) => role).sort(), ['image', 'writable']);
    assert.deepEqual(await shownImages(host, { withSteps: true }), before);
  });

  // Classic stores and Podman keep one platform of an image.
  const indexes = [
    { what: 'all of it', platforms: ['amd64', 'arm64'], options: { isWhole: true }, how: ['delta', 'asked'] },
    {
      what: 'the one platform that was pulled',
      platforms: ['amd64'],
      options: { isAlone: true },
      how: ['delta', 'asked'],
    },
    {
      what: 'where more than that is there',
      platforms: ['amd64', 'arm64'],
      options: {},
      how: ['stream', 'platformsAbsent'],
    },
  ];
  if (process.env['DRYDOCK_TEST_ENGINE_NAME']?.endsWith('-containerd') === true)
    for (const [place, { what, platforms, options, how }] of indexes.entries())
      it(`brings an index as it lies there: ${what}`, async () => {
        const tag = nameOf(`index-${place}`);
        const images = platforms.map((architecture, at) =>
          sampleImage([sampleLayer(at + 50, 100_000), sampleLayer(at + 60, 200_000)], [tag], architecture),
        );
        await engine.images.load(Readable.from([platformsOci(images, options).bytes]));
        try {
          const { id } = await engine.images.inspect(tag);
          const into = await newVault(`index-${place}`);
          const result = await backUpImage({ id, tags: [tag] }, 'delta', into);
          // An engine that does not tell what is absent fails to push it.
          const isTold = (await engine.info()).apiVersion >= '1.48';
          const expected = isTold || options.isWhole === true ? how : ['stream', 'pushFailed'];
          assert.deepEqual(howOf(result), expected, result.transport?.detail);
          const saved = await buffer(await engine.images.save([tag]));
          assert.equal(saved.includes('127.0.0.1'), false);
          const streamed = await newVault(`index-${place}-streamed`);
          const same = await backUpImage({ id, tags: [tag] }, 'stream', streamed);
          assert.deepEqual(await contentsOf(result, into), await contentsOf(same, streamed));
          assert.deepEqual(result.remarks, same.remarks);
          assert.equal(
            (await readdir(into.paths.blobs)).length,
            (await readdir(streamed.paths.blobs)).length,
          );
        } finally {
          await engine.images.remove(tag, { force: true });
        }
      });

  it('leaves nothing when it is cancelled in the middle of a layer', async () => {
    const before = await shownImages(host, { withSteps: true });
    const into = await newVault('cancelled');
    const operation = cancelledWhen(({ phase, doneBytes = 0 }) => phase === 'reading' && doneBytes > 500_000);
    const { id } = await engine.images.inspect(nameOf('2'));
    const input = { images: [{ id, tags: [nameOf('2')] }], transport: 'delta' } as const;
    await assert.rejects(backupImages(await depsFor(into), input, operation), { name: 'AbortError' });
    assert.deepEqual([await readdir(into.paths.partial), await readdir(into.paths.journal)], [[], []]);
    assert.deepEqual(await shownImages(host, { withSteps: true }), before);
  });

  it('is put right after a kill -9 in the middle of a layer', async () => {
    const path = join(folder, 'killed');
    await newVault('killed');
    const before = await shownImages(host, { withSteps: true });
    const { id } = await engine.images.inspect(nameOf('2'));
    await assert.rejects(run(process.execPath, [program, path, engine.endpoint, id, nameOf('2')]), {
      signal: 'SIGKILL',
    });
    const killed = await openVault({ path, access: 'write' });
    await recoverVault({ vault: killed, owner: await currentProcess(), engine });
    assert.deepEqual(await readdir(killed.paths.journal), []);
    assert.deepEqual(await shownImages(host, { withSteps: true }), before);
    assert.deepEqual(howOf(await backUp('2', 'delta', killed)), ['delta', 'asked']);
  });
});
