import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { backupContainer } from '../../../src/core/backup/backupContainer.ts';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import type { BackupResult } from '../../../src/core/backup/backupResult.ts';
import type { TransportWish } from '../../../src/core/backup/transport.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import type { Endpoint, OpenEndpoint, PushSink } from '../../../src/core/registry/endpoint.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { connect } from '../../../src/docker/connect.ts';
import { parseAddress } from '../../../src/docker/parseAddress.ts';
import { openEndpoint } from '../../../src/registry/endpoint/openEndpoint.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { testEngine, testHost, testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { dockerCli, removeImages, type DockerCli } from '../../support/variedImages.ts';

const run = promisify(execFile);
const program = new URL('../../support/deltaBackup.ts', import.meta.url).pathname;

describe('a backup that the engine pushes', function () {
  this.timeout(120_000);
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;
  let owner: ProcessIdentity;
  let vault: Vault;
  const opened: Endpoint[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-delta-'));
    docker = await dockerCli(testHost());
    const address = parseAddress(testHost());
    assert.ok(address);
    engine = connect(address);
    owner = await currentProcess();
    vault = await createVault({ path: join(folder, 'vault'), compression: 'zstd' });
    // Random, so that no two layers of any run are the same.
    await build('base', ['FROM scratch', 'COPY big /big'], { big: randomBytes(18 << 20) });
    await build('1', [`FROM ${name('base')}`, 'COPY a /a'], { a: randomBytes(300_000) });
    await build('2', [`FROM ${name('1')}`, 'COPY b /b'], { b: randomBytes(1_500_000) });
    await build('3', [`FROM ${name('2')}`, 'COPY c /c'], { c: randomBytes(1_500_000) });
  });
  beforeEach(() => {
    opened.length = 0;
  });
  /** Whatever a test does: no name, no note, nobody listening is left. */
  afterEach(async () => {
    const names = await docker('image', 'ls', '--digests', '--format', '{{.Repository}}@{{.Digest}}');
    assert.doesNotMatch(names, /127\.0\.0\.1/);
    assert.deepEqual(await readdir(vault.paths.journal), []);
    assert.deepEqual(await readdir(vault.paths.partial), []);
    for (const { address } of opened) assert.equal(await isListening(address), false, address);
  });
  after(async () => {
    await removeImages(docker, '--filter', `label=${testLabel}=delta`);
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  const name = (tag: string): string => `drydock-delta:${tag}`;

  async function build(
    tag: string,
    dockerfile: readonly string[],
    files: Readonly<Record<string, Uint8Array>>,
  ): Promise<void> {
    const context = await mkdtemp(join(folder, 'context-'));
    await writeFile(join(context, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    for (const [file, content] of Object.entries(files)) {
      await writeFile(join(context, file), content);
      await utimes(join(context, file), 1_700_000_000, 1_700_000_000);
    }
    await docker('build', '--quiet', '--label', `${testLabel}=delta`, '--tag', name(tag), context);
  }

  const watched: OpenEndpoint = async (input) => {
    const endpoint = await openEndpoint(input);
    opened.push(endpoint);
    return endpoint;
  };

  /** An endpoint whose sink does something else in one place. */
  const spoilt =
    (how: (sink: PushSink) => Partial<PushSink>): OpenEndpoint =>
    (input) => {
      const { sink } = input;
      assert.ok(sink);
      const rest: PushSink = {
        headBlob: (digest) => sink.headBlob(digest),
        takeBlob: (bytes, cancel) => sink.takeBlob(bytes, cancel),
        takeDocument: (document, tag) => sink.takeDocument(document, tag),
      };
      return watched({ ...input, sink: { ...rest, ...how(sink) } });
    };

  async function backUp(
    tag: string,
    {
      transport = 'delta',
      open = watched,
      into = vault,
      operation = unattended(),
    }: {
      readonly transport?: TransportWish;
      readonly open?: OpenEndpoint;
      readonly into?: Vault;
      readonly operation?: Operation;
    } = {},
  ): Promise<BackupResult> {
    const { id } = await engine.images.inspect(name(tag));
    const images = [{ id, tags: [name(tag)] }];
    const deps = { engine, vault: into, owner, openEndpoint: open };
    const [result] = await backupImages(deps, { images, transport }, operation);
    assert.ok(result);
    return result;
  }

  async function isListening(address: string): Promise<boolean> {
    const [host = '', port] = address.split(':');
    return await new Promise((resolve) => {
      const socket = connectSocket({ host, port: Number(port) });
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
  }

  /** The snapshot is the image that the engine has, layer by layer, and all of the vault is whole. */
  async function requireSame({ snapshot }: BackupResult, tag: string, into = vault): Promise<void> {
    const { id, diffIds } = await engine.images.inspect(name(tag));
    const { images } = await openSnapshot(into, snapshot);
    assert.equal(images[0]?.id, id);
    assert.deepEqual(
      images[0].manifests[0]?.layers.map(({ diffId }) => diffId),
      diffIds,
    );
    const { problems } = await verifyVault({ vault: into, owner }, { depth: 'contents' }, unattended());
    assert.deepEqual(problems, []);
  }

  it('comes as a stream at first, and then brings what is missing alone', async () => {
    const first = await backUp('1', { transport: 'auto' });
    assert.equal(first.transport?.transport, 'stream');
    assert.equal(first.transport.reason, 'mostIsMissing');
    assert.equal(opened.length, 0);
    const before = await docker('image', 'inspect', name('2'), '--format', '{{.RepoTags}}{{.RepoDigests}}');
    const second = await backUp('2', { transport: 'auto' });
    const { transport, reason, receivedBytes } = second.transport ?? {};
    assert.deepEqual([transport, reason], ['delta', 'mostIsThere']);
    // The new layer, the config, the small layer once more in gzip, and the start of the large one.
    assert.ok(
      receivedBytes !== undefined && receivedBytes > 1_500_000 && receivedBytes < 4_500_000,
      String(receivedBytes),
    );
    assert.ok(second.snapshot.newBytes < 1_600_000, String(second.snapshot.newBytes));
    await requireSame(second, '2');
    assert.equal(
      await docker('image', 'inspect', name('2'), '--format', '{{.RepoTags}}{{.RepoDigests}}'),
      before,
    );
    const third = await backUp('3', { transport: 'auto' });
    assert.ok(
      (third.transport?.receivedBytes ?? 0) < 1_600_000,
      'what the engine knows a digest for is not sent',
    );
    await requireSame(third, '3');
    const again = await backUp('3');
    assert.deepEqual(again.transport, { transport: 'none', reason: 'nothingMissing', receivedBytes: 0 });
    // The same place each time, where it is free: an engine remembers each.
    assert.equal(opened[0]?.address, opened[1]?.address);
    assert.notEqual(opened[0]?.password, opened[1]?.password);
  });

  it('makes the same blobs as a stream does', async () => {
    const into = await createVault({ path: join(folder, 'streamed'), compression: 'zstd' });
    await backUp('3', { transport: 'stream', into });
    const pushed = new Set(await readdir(vault.paths.blobs));
    const { snapshot } = await backUp('3', { transport: 'stream', into });
    for (const image of (await openSnapshot(into, snapshot)).images)
      for (const { layers, config } of image.manifests)
        for (const { digest } of [config, ...layers.map(({ descriptor }) => descriptor)])
          assert.ok(pushed.has(digest.slice(7)), digest);
  });

  it('has a layer sent in full that only begins like one of the same image', async () => {
    const into = await createVault({ path: join(folder, 'alike'), compression: 'gzip' });
    const big = randomBytes(2 << 20);
    await build('alike-1', ['FROM scratch', 'COPY big /'], { big });
    await build('alike-2', [`FROM ${name('alike-1')}`, 'COPY big more /'], { big, more: randomBytes(2000) });
    await backUp('alike-1', { into, transport: 'stream' });
    const result = await backUp('alike-2', { into });
    assert.equal(result.transport?.transport, 'delta');
    await requireSame(result, 'alike-2', into);
    // What the engine took for their digests then is of no use to the next one.
    const other = await createVault({ path: join(folder, 'alike-other'), compression: 'zstd' });
    await requireSame(await backUp('alike-2', { into: other }), 'alike-2', other);
  });

  it('brings the own changes of a container as well', async () => {
    const id = await docker('create', '--label', `${testLabel}=delta`, name('3'), 'x');
    try {
      await docker('cp', program, `${id}:/`);
      const deps = { engine, vault, owner, openEndpoint: watched };
      const input = { container: id, consistency: 'pause', includeBinds: false } as const;
      const { snapshot, transport } = await backupContainer(deps, input, unattended());
      assert.deepEqual([transport?.transport, transport?.reason], ['delta', 'mostIsThere']);
      assert.ok((transport?.receivedBytes ?? Infinity) < 100_000, String(transport?.receivedBytes));
      const { images } = await openSnapshot(vault, snapshot);
      assert.deepEqual(images.map(({ role }) => role).sort(), ['image', 'writable']);
    } finally {
      await docker('rm', id);
    }
  });

  it('leaves an image without a name alone, and streams it', async () => {
    await build('unnamed', ['FROM scratch', 'COPY a /a'], { a: randomBytes(100) });
    const { id } = await engine.images.inspect(name('unnamed'));
    await build('unnamed', ['FROM scratch', 'COPY a /a'], { a: randomBytes(100) });
    const deps = { engine, vault, owner, openEndpoint: watched };
    const [result] = await backupImages(
      deps,
      { images: [{ id, tags: [] }], transport: 'delta' },
      unattended(),
    );
    assert.deepEqual(
      [result?.transport?.transport, result?.transport?.reason],
      ['stream', 'imageWithoutName'],
    );
    assert.equal((await engine.images.inspect(id)).id, id);
  });

  it('keeps an image that loses its own names while it is pushed, and nothing of the push', async () => {
    await build('lost', ['FROM scratch', 'COPY a /a'], { a: randomBytes(100) });
    const { id } = await engine.images.inspect(name('lost'));
    const open = spoilt((sink) => ({
      takeDocument: async (document, tag) => {
        await engine.images.remove(name('lost'));
        return sink.takeDocument(document, tag);
      },
    }));
    assert.equal((await failureOf(backUp('lost', { open }))).code, 'tagMoved');
    // A digest that it was pushed by would keep it from being pruned.
    const { tags, repoDigests } = await engine.images.inspect(id);
    assert.deepEqual([tags, repoDigests], [[], []]);
  });

  it('streams where the engine does not get to us, or to somebody else', async () => {
    const into = await createVault({ path: join(folder, 'unreached'), compression: 'zstd' });
    const nowhere: OpenEndpoint = async (input) => {
      const endpoint = await watched(input);
      await endpoint.close();
      return { ...endpoint, close: () => Promise.resolve() };
    };
    const other = await openEndpoint({ sink: { headBlob: refuse, takeBlob: refuse, takeDocument: refuse } });
    const elsewhere: OpenEndpoint = async (input) => {
      const endpoint = await watched(input);
      return { ...other, close: () => endpoint.close() };
    };
    for (const open of [nowhere, elsewhere]) {
      const result = await backUp(open === nowhere ? '1' : '2', { into, open });
      assert.deepEqual([result.transport?.transport, result.transport?.reason], ['stream', 'notReached']);
      await requireSame(result, open === nowhere ? '1' : '2', into);
    }
    await other.close();
  });

  it('streams where the engine does not say in time whether it gets to us', async () => {
    const into = await createVault({ path: join(folder, 'late'), compression: 'zstd' });
    const late = {
      ...engine.images,
      checkLogIn: () => Promise.reject(new DOMException('late', 'AbortError')),
    };
    const { id } = await engine.images.inspect(name('1'));
    const deps = { engine: { ...engine, images: late }, vault: into, owner, openEndpoint: watched };
    const input = { images: [{ id, tags: [name('1')] }], transport: 'delta' } as const;
    const [result] = await backupImages(deps, input, unattended());
    assert.deepEqual([result?.transport?.transport, result?.transport?.reason], ['stream', 'notReached']);
  });

  function refuse(): Promise<never> {
    return Promise.reject(new Error('nothing is to come here'));
  }

  const faults: Readonly<Record<string, (sink: PushSink) => Partial<PushSink>>> = {
    'a manifest is refused': () => ({ takeDocument: refuse }),
    'the bytes of a layer are others': (sink) => ({
      takeBlob: (bytes, cancel) => sink.takeBlob(flipped(bytes), cancel),
    }),
    'a manifest is of another image': (sink) => ({
      takeDocument: (document, tag) => {
        const text = Buffer.from(document.bytes).toString();
        const [, before = '', digit = ''] = /("config":[^}]*sha256:)(.)/.exec(text) ?? [];
        const other = text.replace(before + digit, before + (digit === '0' ? '1' : '0'));
        return sink.takeDocument({ ...document, bytes: Buffer.from(other) }, tag);
      },
    }),
  };
  for (const [what, how] of Object.entries(faults))
    it(`streams when ${what}`, async () => {
      const into = await createVault({ path: await mkdtemp(join(folder, 'fault-')), compression: 'zstd' });
      const result = await backUp('2', { into, open: spoilt(how) });
      assert.deepEqual([result.transport?.transport, result.transport?.reason], ['stream', 'pushFailed']);
      assert.ok(result.transport?.detail);
      await requireSame(result, '2', into);
    });

  async function* flipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    let at = 0;
    for await (const chunk of bytes) {
      const copy = Buffer.from(chunk);
      if (at <= 200_000 && at + copy.length > 200_000) copy[200_000 - at] = (copy[200_000 - at] ?? 0) ^ 1;
      at += copy.length;
      yield copy;
    }
  }

  it('leaves nothing when it is cancelled in the middle of a layer', async () => {
    const into = await createVault({ path: join(folder, 'cancelled'), compression: 'zstd' });
    const operation = cancelledWhen(({ phase, doneBytes = 0 }) => phase === 'reading' && doneBytes > 500_000);
    await assert.rejects(backUp('1', { into, operation }), { name: 'AbortError' });
    assert.equal(opened.length, 1);
    assert.deepEqual(await readSnapshots(into), []);
    assert.deepEqual([await readdir(into.paths.partial), await readdir(into.paths.journal)], [[], []]);
  });

  it('is put right after a kill -9 in the middle of a layer', async () => {
    const path = join(folder, 'killed');
    await createVault({ path, compression: 'zstd' });
    const { id } = await engine.images.inspect(name('1'));
    const killed = run(process.execPath, [program, path, testHost(), id, name('1')]);
    await assert.rejects(killed, { signal: 'SIGKILL' });
    assert.match(await docker('image', 'ls'), /127\.0\.0\.1/);
    const into = await openVault({ path, access: 'write' });
    const recovered = await recoverVault({ vault: into, owner, engine });
    assert.deepEqual(
      recovered.map(({ outcome }) => outcome),
      ['undone'],
    );
    await requireSame(await backUp('1', { into }), '1', into);
  });

  it('fails, and takes the name away later, when the engine is killed in the middle of a layer', async () => {
    const own = await testEngine();
    const into = await createVault({ path: join(folder, 'engine-killed'), compression: 'zstd' });
    let isKilled = false;
    const operation: Operation = {
      signal: new AbortController().signal,
      progress: {
        report: ({ phase }) => {
          if (phase === 'reading' && !isKilled) void own.kill();
          isKilled ||= phase === 'reading';
        },
      },
    };
    const failed = await failureOf(backUp('1', { into, operation }));
    assert.match(failed.code, /^engine/);
    await own.start();
    assert.deepEqual(await readSnapshots(into), []);
    const recovered = await recoverVault({ vault: into, owner, engine });
    assert.deepEqual(
      recovered.map(({ outcome }) => outcome),
      ['undone'],
    );
    assert.deepEqual((await engine.images.inspect(name('1'))).tags, [name('1')]);
  });
});
