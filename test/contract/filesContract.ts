import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack, type Header } from 'tar-stream';
import type { Digest } from '../../src/core/digest.ts';
import type { Engine, VolumeArchives } from '../../src/core/engine/engine.ts';
import { DrydockError } from '../../src/core/errors.ts';
import { failureOf } from '../support/failureOf.ts';
import { engineHost, sleepingRootfs, tarOf, type EngineHost } from '../support/tinyImage.ts';

const mtime = new Date('2024-02-29T12:34:56Z');
const labels = { 'dev.drydock.test': '1' };

/** What backups and restores need of every engine beside images: made containers, their files, volumes, networks. */
export function filesContract(name: string, connectTo: () => Promise<Engine>): void {
  describe(`containers, files and networks on ${name}`, function () {
    this.timeout(60_000);
    const run = randomBytes(4).toString('hex');
    const nameOf = (word: string): string => `drydock-test-${run}-${word}`;
    let engine: Engine;
    let host: EngineHost;
    let empty: Digest;

    before(async () => {
      engine = await connectTo();
      host = engineHost(engine.endpoint);
    });
    beforeEach(async () => {
      empty = await engine.images.importRootfs(Readable.from([await tarOf([])]), {
        changes: ['LABEL dev.drydock.test=1'],
      });
    });
    afterEach(async () => {
      await host.removeLabelled();
      for (const network of await engine.networks.list()) {
        if (network.name.includes(run)) await engine.networks.remove(network.id);
      }
    });
    after(async () => {
      await engine.close();
    });

    const isPodman = async (): Promise<boolean> => (await engine.info()).product === 'podman';
    const sleeper = async (): Promise<Digest> =>
      engine.images.importRootfs(Readable.from([await sleepingRootfs()]), {
        changes: ['LABEL dev.drydock.test=1'],
      });
    /** A container of an empty image that never runs, with a volume at /v. */
    const helper = async (word: string, volume: string): Promise<string> => {
      const mount = {
        Type: 'volume',
        Source: volume,
        Target: '/v',
        VolumeOptions: { NoCopy: true },
      };
      const body = {
        Image: empty,
        Cmd: ['x'],
        Labels: labels,
        HostConfig: { NetworkMode: 'none', Mounts: [mount] },
      };
      const { id } = await engine.containers.create({ name: nameOf(word), body });
      return id;
    };
    const makeVolume = async (word: string): Promise<string> => {
      const made = await engine.volumes.create({ name: nameOf(word), driver: 'local', options: {}, labels });
      return made.name;
    };

    it('make a container under a name that only one can have', async () => {
      const id = await helper('first', await makeVolume('first'));
      assert.equal((await engine.containers.inspect(nameOf('first'))).id, id);
      assert.equal((await engine.containers.inspect(id)).state, 'created');
      const body = { Image: empty, Cmd: ['x'], Labels: labels };
      const taken = await failureOf(engine.containers.create({ name: nameOf('first'), body }));
      assert.equal(taken.code, 'engineConflict');
      assert.equal(taken.details['name'], nameOf('first'));

      await engine.containers.rename(id, nameOf('renamed'));
      assert.equal((await engine.containers.inspect(id)).name, nameOf('renamed'));
      const other = await engine.containers.create({ name: nameOf('other'), body });
      const clash = await failureOf(engine.containers.rename(other.id, nameOf('renamed')));
      assert.equal(clash.code, 'engineConflict');
      assert.equal((await engine.containers.inspect(other.id)).name, nameOf('other'));
    });

    it('tell the image that a container can’t be made without', async () => {
      const missing = `localhost/${nameOf('absent')}:1`;
      const failed = await failureOf(engine.containers.create({ body: { Image: missing, Cmd: ['x'] } }));
      assert.deepEqual(
        [failed.code, failed.details['kind'], failed.details['name']],
        ['engineNotFound', 'image', missing],
      );
    });

    it('give and take the files of a volume with owners, modes, links, devices and times', async () => {
      const volume = await makeVolume('files');
      const archives = await archivesOf(engine);
      // Neither way keeps owners there, so there is none.
      if (archives === 'none') return;
      const container = await helper('files', volume);
      const root = archives === undefined ? 'v/' : './';
      const tar = await oddFiles(root);
      if (archives === undefined) await engine.containers.writeArchive(container, '/', Readable.from([tar]));
      else await archives.write(volume, Readable.from([tar]));
      const read = await buffer(
        archives === undefined
          ? await engine.containers.readArchive(container, '/v')
          : await archives.read(volume),
      );
      // Podman gives no entry for the root of a volume.
      const expected = (await shown(tar, root)).filter(
        (line) => archives === undefined || !line.startsWith('"" '),
      );
      assert.deepEqual(await shown(read, root), expected);
    });

    it('tell what a path is, in a container that never ran', async () => {
      const container = await helper('stat', await makeVolume('stat'));
      const tar = await oddFiles('./', 'tool');
      await engine.containers.writeArchive(container, '/v', Readable.from([tar]));
      const stat = async (path: string): Promise<unknown> => {
        const found = await engine.containers.statPath(container, path);
        return found && [found.type, found.mode.toString(8), found.sizeBytes > 0, found.linkTarget];
      };
      assert.deepEqual(await stat('/v/folder'), ['directory', '2775', true, '']);
      assert.deepEqual(await stat('/v/tool'), ['file', '4755', true, '']);
      assert.deepEqual(await stat('/v/pipe'), ['fifo', '620', false, '']);
      assert.deepEqual(await stat('/v/null'), ['device', '666', false, '']);
      // Podman tells what a link leads to.
      const link = (await isPodman()) ? ['file', '4755', true, ''] : ['symlink', '777', true, '/v/tool'];
      assert.deepEqual(await stat('/v/soft'), link);
      assert.equal(await stat('/v/nothing'), undefined);
      assert.equal(await stat('/nothing/at/all'), undefined);
      const file = await engine.containers.statPath(container, '/v/tool');
      assert.equal(file?.mtimeMs, mtime.getTime());
    });

    it('name the path that is not there, and make none', async () => {
      const container = await helper('nowhere', await makeVolume('nowhere'));
      const tar = await tarOf([{ name: 'a', content: 'a' }]);
      for (const ask of [
        () => engine.containers.readArchive(container, '/nowhere'),
        () => engine.containers.writeArchive(container, '/nowhere', Readable.from([tar])),
      ]) {
        const failed = await failureOf(ask());
        assert.deepEqual([failed.code, failed.details['kind']], ['engineNotFound', 'path']);
      }
      assert.equal(await engine.containers.statPath(container, '/nowhere'), undefined);
    });

    it('refuse what is no tar, and one that is cut off inside a file', async () => {
      const container = await helper('garbage', await makeVolume('garbage'));
      const tar = await tarOf([{ name: 'a', content: 'a'.repeat(2000) }]);
      for (const bytes of [Buffer.alloc(4096, 7), tar.subarray(0, 1024)]) {
        const sent = engine.containers.writeArchive(container, '/v', Readable.from([bytes]));
        assert.equal((await failureOf(sent)).code, 'engineRefused');
      }
    });

    it('leave the container usable when a write is cancelled', async () => {
      const container = await helper('cancel', await makeVolume('cancel'));
      const cancel = new AbortController();
      const tar = await tarOf([{ name: 'a', content: Buffer.alloc(3 << 20, 1) }]);
      async function* slowly(): AsyncGenerator<Uint8Array, void, undefined> {
        await Promise.resolve();
        yield tar.subarray(0, 2 << 20);
        cancel.abort();
        yield tar.subarray(2 << 20);
      }
      const { signal } = cancel;
      await assert.rejects(engine.containers.writeArchive(container, '/v', slowly(), { signal }), {
        name: 'AbortError',
      });
      await engine.containers.writeArchive(container, '/v', Readable.from([tar]));
      assert.equal((await engine.containers.statPath(container, '/v/a'))?.sizeBytes, 3 << 20);
    });

    it('tell what a container changed', async () => {
      const container = await helper('changes', await makeVolume('changes'));
      const tar = await tarOf([
        { name: 'etc/', mode: 0o755 },
        { name: 'etc/new', content: 'x' },
      ]);
      await engine.containers.writeArchive(container, '/', Readable.from([tar]));
      const changes = await engine.containers.changes(container);
      assert.ok(changes.some(({ path, kind }) => path === '/etc/new' && kind === 'added'));
      assert.ok(!changes.some(({ path }) => path.startsWith('/v/')));
    });

    it('make volumes with a name and without', async () => {
      const named = await engine.volumes.create({
        name: nameOf('named'),
        driver: 'local',
        options: {},
        labels: { ...labels, why: 'ünïcode' },
      });
      assert.equal((await engine.volumes.inspect(named.name)).labels['why'], 'ünïcode');
      const anonymous = await engine.volumes.create({ driver: 'local', options: {}, labels });
      assert.match(anonymous.name, /^[0-9a-f]{64}$/);
    });

    it('make networks, join containers to them with an address, and remove them', async () => {
      const subnet = `10.${(100 + (randomBytes(1)[0] ?? 0) / 2) | 0}.${randomBytes(1)[0] ?? 0}`;
      const input = {
        name: nameOf('net'),
        driver: 'bridge',
        isInternal: true,
        isAttachable: false,
        isIpv6Enabled: false,
        options: {},
        labels: { ...labels, why: 'test' },
        ipam: { Driver: 'default', Config: [{ Subnet: `${subnet}.0/24`, Gateway: `${subnet}.1` }] },
      };
      const id = await engine.networks.create(input);
      const made = await engine.networks.inspect(input.name);
      assert.equal(made.id, id);
      assert.deepEqual([made.driver, made.isInternal, made.labels['why']], ['bridge', true, 'test']);
      const [config] = made.ipam['Config'] as readonly Readonly<Record<string, unknown>>[];
      assert.deepEqual([config?.['Subnet'], config?.['Gateway']], [`${subnet}.0/24`, `${subnet}.1`]);
      assert.equal((await failureOf(engine.networks.create(input))).code, 'engineConflict');

      const second = await engine.networks.create({ ...input, name: nameOf('net2'), ipam: {} });
      const { id: container } = await engine.containers.create({
        name: nameOf('joined'),
        body: {
          Image: empty,
          Cmd: ['x'],
          Labels: labels,
          HostConfig: { NetworkMode: nameOf('net2') },
        },
      });
      const endpoint = { Aliases: ['db'], IPAMConfig: { IPv4Address: `${subnet}.9` } };
      await engine.networks.connect(id, container, endpoint);
      const listed = (await engine.containers.list()).find((row) => row.id === container);
      assert.deepEqual([...(listed?.networks ?? [])].sort(), [nameOf('net'), nameOf('net2')]);
      // Podman tells the address of a running container alone.
      const { raw } = await engine.containers.inspect(container);
      if (!(await isPodman())) assert.ok(JSON.stringify(raw).includes(`"${subnet}.9"`));
      const nobody = await failureOf(engine.networks.connect(id, nameOf('nobody'), {}));
      assert.deepEqual([nobody.code, nobody.details['kind']], ['engineNotFound', 'container']);

      await engine.networks.disconnect(id, container);
      await engine.containers.remove(container, { force: true });
      for (const each of [id, second]) await engine.networks.remove(each);
      assert.equal((await failureOf(engine.networks.inspect(id))).code, 'engineNotFound');
      assert.equal((await failureOf(engine.networks.remove(id))).code, 'engineNotFound');
    });

    it('run a command in a running container and tell how it ended', async () => {
      const image = await sleeper();
      const { id } = await engine.containers.create({
        name: nameOf('exec'),
        body: {
          Image: image,
          Cmd: ['/bin/sleep', '1000'],
          Labels: labels,
          HostConfig: { NetworkMode: 'none' },
        },
      });
      const sleep = (text: string, signal?: AbortSignal): ReturnType<Engine['containers']['exec']> =>
        engine.containers.exec(id, { command: ['/bin/sleep', text], user: '0' }, signal && { signal });
      assert.notEqual((await failureOf(sleep('0'))).code, 'unexpected');
      await engine.containers.start(id);
      assert.deepEqual(await sleep('0'), { exitCode: 0, output: '' });
      const failed = await sleep('nonsense');
      assert.equal(failed.exitCode, 1);
      assert.match(failed.output, /invalid time interval/);
      assert.notEqual((await engine.containers.exec(id, { command: ['/nothing'] })).exitCode, 0);

      const cancel = new AbortController();
      const running = sleep('1000', cancel.signal);
      cancel.abort();
      await assert.rejects(running, { name: 'AbortError' });
      // The container goes while a command runs in it.
      const killed = sleep('1000').then(
        ({ exitCode }) => exitCode !== 0,
        (error: unknown) => error instanceof DrydockError,
      );
      await engine.containers.stop(id, { graceSeconds: 0 });
      assert.ok(await killed, 'a command that was killed is not called done');
    });
  });
}

/** `none` where an old Podman refuses. */
async function archivesOf(engine: Engine): Promise<VolumeArchives | 'none' | undefined> {
  try {
    return await engine.volumes.archives();
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'podmanTooOld') return 'none';
    throw error;
  }
}

async function oddFiles(root: string, away = '../../away'): Promise<Buffer> {
  const tar = pack();
  const add = (header: Partial<Header> & { name: string }, content = ''): void => {
    tar.entry({ mtime, mode: 0o644, uid: 0, gid: 0, ...header, name: `${root}${header.name}` }, content);
  };
  add({ name: '', type: 'directory', mode: 0o1770, uid: 70, gid: 71 });
  add({ name: 'owned', mode: 0o640, uid: 123_456, gid: 234_567 }, 'owned\n');
  add({ name: 'hard', type: 'link', linkname: `${root}owned`, mode: 0o640, uid: 123_456, gid: 234_567 });
  add({ name: 'tool', mode: 0o4755, uid: 5, gid: 6 }, '#!tool\n');
  add({ name: 'soft', type: 'symlink', linkname: away, mode: 0o777, uid: 7, gid: 8 });
  add({ name: 'pipe', type: 'fifo', mode: 0o620, uid: 9, gid: 9 });
  add({ name: 'null', type: 'character-device', mode: 0o666, devmajor: 1, devminor: 3 });
  add({ name: 'folder/', type: 'directory', mode: 0o2775, uid: 8, gid: 8 });
  add({ name: 'folder/漢字 and ünïcode' }, 'name\n');
  tar.finalize();
  return buffer(tar);
}

/** One line for each entry, in the order of their paths; hard links in either direction are the same. */
async function shown(bytes: Uint8Array, root: string): Promise<readonly string[]> {
  const bare = (path: string): string => (path.startsWith(root) ? path.slice(root.length) : path);
  const linked = new Set<string>();
  const lines: string[] = [];
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    const path = bare(header.name).replace(/\/$/, '');
    const isHard = header.type === 'link';
    if (isHard) linked.add(bare(header.linkname));
    const type = isHard ? 'file' : header.type;
    const target = header.type === 'symlink' ? ` -> ${header.linkname}` : '';
    const device = type === 'character-device' ? ` ${header.devmajor},${header.devminor}` : '';
    const owner = `${header.uid}:${header.gid}`;
    const when = header.mtime.toISOString();
    lines.push(
      `${JSON.stringify(path)} ${type} ${(header.mode & 0o7777).toString(8)} ${owner} ${when}${target}${device}`,
    );
    stream.on('end', next);
    stream.resume();
  });
  await new Promise<void>((resolve, reject) => {
    reader.on('finish', resolve);
    reader.on('error', reject);
    reader.end(bytes);
  });
  return [...lines.sort(), `hard links: ${linked.size}`];
}
