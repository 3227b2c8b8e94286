import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { digestOf, hexOf, type Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import type { EngineEvent } from '../../src/core/engine/records.ts';
import { engineHost, filesIn, sleepingRootfs, tarOf, type EngineHost } from '../support/tinyImage.ts';
import { failureOf } from '../support/failureOf.ts';

export interface ContractOptions {
  /** Some engines on some machines make and save images but can't run anything; then nothing is started. */
  readonly canRun?: boolean;
}

const label = 'LABEL dev.drydock.test=1';

/**
 * What every engine must do behind the port, whatever it is and however old. Run it on an engine made for tests: all
 * that it makes carries the tests' label, and it removes only that.
 */
export function engineContract(
  name: string,
  connectTo: () => Promise<Engine>,
  { canRun = true }: ContractOptions = {},
): void {
  describe(name, () => {
    const run = randomBytes(4).toString('hex');
    const tagOf = (word: string): string => `localhost/drydock-test/${run}-${word}:1`;
    let engine: Engine;
    let host: EngineHost;

    before(async () => {
      engine = await connectTo();
      host = engineHost(engine.endpoint);
    });
    afterEach(async () => {
      await host.removeLabelled();
    });
    after(async () => {
      await engine.close();
    });

    const importTar = (tar: Uint8Array, more: { name?: string; changes?: string[] } = {}): Promise<Digest> =>
      engine.images.importRootfs(Readable.from([tar]), {
        ...more,
        changes: [label, ...(more.changes ?? [])],
      });
    const tinyTar = (word: string): Promise<Buffer> => tarOf([{ name: 'word', content: `${word} ${run}` }]);
    const saved = async (...refs: string[]): Promise<Buffer> => buffer(await engine.images.save(refs));

    it('tells what it is', async () => {
      const info = await engine.info();
      assert.match(info.version, /^\d+\.\d+/);
      assert.match(info.apiVersion, /^1\.\d+$/);
      assert.equal(info.platform.os, 'linux');
      assert.notEqual(info.platform.architecture, '');
      assert.notEqual(info.storageDriver, '');
    });

    describe('images', () => {
      it('are imported with their name and changes, and are found in the list and by inspect', async () => {
        const tar = await tinyTar('import');
        const changes = [
          'ENV A="b c"',
          'CMD ["/x", "y"]',
          'WORKDIR /w',
          'EXPOSE 80/tcp',
          'VOLUME /data',
          'USER 7',
        ];
        const id = await importTar(tar, { name: tagOf('import'), changes });

        const listed = (await engine.images.list()).find((image) => image.id === id);
        assert.deepEqual(listed?.tags, [tagOf('import')]);
        assert.equal(listed.labels['dev.drydock.test'], '1');
        assert.ok(Math.abs(listed.createdAtMs - Date.now()) < 3_600_000, 'made within the hour');

        const details = await engine.images.inspect(tagOf('import'));
        assert.equal(details.id, id);
        assert.deepEqual(details.diffIds, [digestOf(tar)]);
        assert.deepEqual(
          details.config.env.filter((line) => line.startsWith('A=')),
          ['A=b c'],
        );
        assert.deepEqual(details.config.command, ['/x', 'y']);
        assert.equal(details.config.workingDir, '/w');
        assert.equal(details.config.user, '7');
        assert.deepEqual(details.config.exposedPorts, ['80/tcp']);
        assert.deepEqual(details.config.volumes, ['/data']);
        assert.equal(details.platform.os, 'linux');
      });

      it('show how they were made, newest step first', async () => {
        const context = await tarOf([
          { name: 'Dockerfile', content: 'FROM scratch\nCOPY a /a\nENV B=1\nCOPY b /b\n' },
          { name: 'a', content: `a ${run}` },
          { name: 'b', content: `b ${run}` },
        ]);
        await host.build(context, tagOf('history'));
        const history = await engine.images.history(tagOf('history'));
        const steps = history.map((entry) => entry.createdBy).filter((step) => /COPY|ENV/.test(step));
        assert.deepEqual(
          steps.map((step) => /COPY|ENV/.exec(step)?.[0]),
          ['COPY', 'ENV', 'COPY'],
        );
        const { diffIds } = await engine.images.inspect(tagOf('history'));
        assert.equal(diffIds.length, 2);
      });

      it('take and lose names, and go with the last of them', async () => {
        const id = await importTar(await tinyTar('names'), { name: tagOf('names') });
        await engine.images.tag(id, tagOf('other'));
        const { tags } = await engine.images.inspect(id);
        assert.deepEqual([...tags].sort(), [tagOf('names'), tagOf('other')].sort());

        const first = await engine.images.remove(tagOf('other'));
        assert.deepEqual(first, [{ kind: 'untagged', ref: tagOf('other') }]);
        const last = await engine.images.remove(tagOf('names'));
        assert.ok(last.some((removal) => removal.kind === 'deleted'));
        assert.equal((await failureOf(engine.images.inspect(id))).code, 'engineNotFound');
      });

      it('move a name from one image to another', async () => {
        const first = await importTar(await tinyTar('first'), { name: tagOf('moved') });
        const second = await importTar(await tinyTar('second'));
        await engine.images.tag(second, tagOf('moved'));
        assert.equal((await engine.images.inspect(tagOf('moved'))).id, second);
        assert.notEqual(first, second);
      });

      it('come back from a save with the ID, the names and the layers they had', async () => {
        const tar = await tinyTar('round trip');
        const id = await importTar(tar, { name: tagOf('round') });
        const before = await engine.images.inspect(id);
        const archive = await saved(tagOf('round'));
        await engine.images.remove(id, { force: true });

        const outcome = await engine.images.load(Readable.from([archive]), { onProgress: () => undefined });
        assert.deepEqual(outcome.names, [tagOf('round')]);
        const after = await engine.images.inspect(tagOf('round'));
        assert.equal(after.id, before.id);
        assert.deepEqual(after.diffIds, [digestOf(tar)]);
        assert.deepEqual(after.config, before.config);
      });

      it('are told by their ID when they are loaded without a name', async () => {
        const id = await importTar(await tinyTar('nameless'));
        const archive = await saved(id);
        await engine.images.remove(id);
        const outcome = await engine.images.load(Readable.from([archive]));
        assert.equal(outcome.names.length, 0);
        assert.deepEqual(outcome.ids, [id]);
      });

      it('are saved several at once, each with its own layers', async () => {
        const tars = [await tinyTar('one'), await tinyTar('two')];
        for (const [index, tar] of tars.entries()) await importTar(tar, { name: tagOf(`multi${index}`) });
        const archive = await saved(tagOf('multi0'), tagOf('multi1'));
        const files = [...(await filesIn(archive)).values()].map((content) => content.toString('latin1'));
        for (const word of ['one', 'two']) {
          // Layers may be compressed on a containerd store, where the manifest names them instead.
          const isPlain = files.some((content) => content.includes(`${word} ${run}`));
          const { diffIds } = await engine.images.inspect(tagOf(word === 'one' ? 'multi0' : 'multi1'));
          const isNamed = files.some((content) => content.includes(hexOf(diffIds[0] ?? digestOf(''))));
          assert.ok(isPlain || isNamed, word);
        }
      });

      it('stay when a container is made of them', async () => {
        const id = await importTar(await tinyTar('used'), { name: tagOf('used') });
        await host.createContainer({ Image: id, Cmd: ['/x'] });
        const failed = await failureOf(engine.images.remove(tagOf('used')));
        assert.equal(failed.code, 'engineConflict');
      });

      it('that are not there are named, whatever is asked of them', async () => {
        const ref = tagOf('absent');
        for (const ask of [
          () => engine.images.inspect(ref),
          () => engine.images.history(ref),
          () => engine.images.save([ref]),
          () => engine.images.tag(ref, tagOf('x')),
          () => engine.images.remove(ref),
          () => engine.images.inspect(`sha256:${'0'.repeat(64)}`),
        ]) {
          const failed = await failureOf(ask());
          assert.equal(failed.code, 'engineNotFound');
          assert.equal(failed.details['kind'], 'image');
        }
      });

      it('are not made of garbage, nor of an archive that is cut off', async () => {
        const garbage = randomBytes(3_000_000);
        assert.equal((await failureOf(engine.images.load(Readable.from([garbage])))).code, 'loadFailed');
        await importTar(await tinyTar('cut'), { name: tagOf('cut') });
        const archive = await saved(tagOf('cut'));
        await engine.images.remove(tagOf('cut'));
        const cut = archive.subarray(0, 1024);
        assert.equal((await failureOf(engine.images.load(Readable.from([cut])))).code, 'loadFailed');
      });

      it('are not called loaded when a layer is missing', async () => {
        const id = await importTar(await tinyTar('missing layer'), { name: tagOf('partial') });
        const files = await filesIn(await saved(tagOf('partial')));
        await engine.images.remove(id, { force: true });
        const isLayer = (content: Buffer): boolean =>
          content.length > 20 && !/^[{[]/.test(content.toString('latin1'));
        const kept = [...files].filter(([, content]) => !isLayer(content));
        assert.ok(kept.length < files.size, 'the archive has a layer');
        const partial = await tarOf(kept.map(([name, content]) => ({ name, content })));
        try {
          const failed = await failureOf(engine.images.load(Readable.from([partial])));
          assert.equal(failed.code, 'loadFailed');
        } finally {
          // A containerd store keeps the broken image, and lists it.
          const broken = (await engine.images.list()).filter((image) =>
            image.tags.includes(tagOf('partial')),
          );
          for (const image of broken) await engine.images.remove(image.id, { force: true });
        }
      });
    });

    describe('containers', () => {
      let image: Digest;
      beforeEach(async () => {
        image = await importTar(await sleepingRootfs(), {
          name: tagOf('sleep'),
          changes: ['CMD ["/bin/sleep", "1000"]'],
        });
      });
      const create = (word: string, more: object = {}): Promise<string> =>
        host.createContainer(
          { Image: image, Cmd: ['/bin/sleep', '1000'], ...more },
          `drydock-test-${run}-${word}`,
        );

      it('are listed and inspected with what they were made of', async () => {
        const volume = `drydock-test-${run}`;
        await host.createVolume(volume);
        const id = await create('listed', { HostConfig: { Binds: [`${volume}:/data:ro`] } });

        const listed = (await engine.containers.list()).find((container) => container.id === id);
        assert.deepEqual(listed?.names, [`drydock-test-${run}-listed`]);
        assert.equal(listed.imageId, image);
        assert.equal(listed.state, 'created');
        assert.equal(listed.health, 'none');
        assert.equal(listed.labels['dev.drydock.test'], '1');

        const details = await engine.containers.inspect(id.slice(0, 12));
        assert.equal(details.id, id);
        assert.equal(details.name, `drydock-test-${run}-listed`);
        assert.equal(details.imageId, image);
        assert.deepEqual(details.config.command, ['/bin/sleep', '1000']);
        const [mount] = details.mounts;
        assert.deepEqual([mount?.name, mount?.target, mount?.isReadOnly], [volume, '/data', true]);
      });

      it('give their files, and become images', async () => {
        const id = await create('files');
        await host.call(
          'PUT',
          `/containers/${id}/archive?path=/`,
          await tarOf([{ name: 'new', content: run }]),
        );
        const files = await filesIn(await buffer(await engine.containers.exportRootfs(id)));
        const names = new Map([...files].map(([path, content]) => [path.replace(/^\.?\//, ''), content]));
        assert.equal(names.get('new')?.toString(), run);

        const committed = await engine.containers.commit(id, {
          name: tagOf('committed'),
          message: 'with a message',
          author: 'me',
          pause: true,
          changes: ['ENV A=1', 'LABEL x="y z"'],
        });
        const details = await engine.images.inspect(tagOf('committed'));
        assert.equal(details.id, committed);
        assert.equal(details.author, 'me');
        assert.equal(details.comment, 'with a message');
        assert.equal(details.config.labels['x'], 'y z');
        assert.ok(details.config.env.includes('A=1'));
        assert.equal(details.diffIds.length, 2);
      });

      it('are committed without any name or message', async () => {
        const id = await create('plain');
        const committed = await engine.containers.commit(id, { pause: false });
        assert.equal((await engine.images.inspect(committed)).id, committed);
      });

      it('are removed', async () => {
        const id = await create('removed');
        await engine.containers.remove(id);
        assert.equal((await failureOf(engine.containers.inspect(id))).code, 'engineNotFound');
      });

      it('that are not there are named, whatever is asked of them', async () => {
        const ref = `drydock-test-${run}-absent`;
        for (const ask of [
          () => engine.containers.inspect(ref),
          () => engine.containers.start(ref),
          () => engine.containers.stop(ref),
          () => engine.containers.pause(ref),
          () => engine.containers.unpause(ref),
          () => engine.containers.remove(ref),
          () => engine.containers.exportRootfs(ref),
          () => engine.containers.commit(ref, { pause: false }),
        ]) {
          const failed = await failureOf(ask());
          assert.equal(failed.code, 'engineNotFound');
          assert.equal(failed.details['name'], ref);
        }
      });

      if (canRun) {
        it('start, pause, go on and stop, and say so', async () => {
          const id = await create('run');
          const state = async (): Promise<string> => (await engine.containers.inspect(id)).state;
          await engine.containers.start(id);
          assert.equal(await state(), 'running');
          await engine.containers.start(id);
          assert.notEqual((await failureOf(engine.containers.remove(id))).code, 'unexpected');

          await engine.containers.pause(id);
          assert.equal(await state(), 'paused');
          const listed = (await engine.containers.list()).find((container) => container.id === id);
          assert.equal(listed?.state, 'paused');
          await engine.containers.unpause(id);
          assert.equal(await state(), 'running');

          await engine.containers.stop(id, { graceSeconds: 0 });
          assert.equal(await state(), 'exited');
          await engine.containers.stop(id, { graceSeconds: 0 });
          await engine.containers.start(id);
          await engine.containers.remove(id, { force: true });
          assert.equal((await failureOf(engine.containers.inspect(id))).code, 'engineNotFound');
        });
      }
    });

    describe('volumes', () => {
      const volume = `drydock-test-${run}-volume`;

      it('are listed, inspected, sized and removed', async () => {
        await host.createVolume(volume);
        const listed = (await engine.volumes.list()).find((row) => row.name === volume);
        assert.equal(listed?.driver, 'local');
        assert.equal(listed.labels['dev.drydock.test'], '1');
        assert.equal((await engine.volumes.inspect(volume)).mountpoint, listed.mountpoint);
        const [usage] = await Promise.all([engine.volumes.usage(), engine.volumes.usage()]);
        const mine = usage.find((row) => row.name === volume);
        assert.equal(mine?.refCount ?? 0, 0);
        await engine.volumes.remove(volume);
        assert.equal((await failureOf(engine.volumes.inspect(volume))).code, 'engineNotFound');
        assert.equal((await failureOf(engine.volumes.remove(volume))).code, 'engineNotFound');
      });

      it('stay while a container has them', async () => {
        await host.createVolume(volume);
        const image = await importTar(await tinyTar('volume user'));
        await host.createContainer({ Image: image, Cmd: ['/x'], HostConfig: { Binds: [`${volume}:/data`] } });
        assert.equal((await failureOf(engine.volumes.remove(volume))).code, 'engineConflict');
      });
    });

    it('tells what happens while it happens', async () => {
      const stop = new AbortController();
      const seen: EngineEvent[] = [];
      let next: (() => void) | undefined;
      const reading = (async () => {
        for await (const event of engine.events(stop.signal)) {
          seen.push(event);
          next?.();
        }
      })();
      const until = async (isThere: (event: EngineEvent) => boolean): Promise<void> => {
        while (!seen.some(isThere)) {
          await new Promise<void>((resolve) => {
            next = resolve;
          });
        }
      };
      const happened =
        (kind: string, action: RegExp, subject: string) =>
        (event: EngineEvent): boolean =>
          event.kind === kind &&
          'action' in event &&
          action.test(event.action) &&
          event.subject.includes(subject);
      try {
        await until((event) => event.kind === 'connected');
        assert.equal(seen[0]?.kind, 'connected');
        const id = await importTar(await tinyTar('events'), { name: tagOf('events') });
        await until(happened('image', /import|load|pull|tag/, ''));
        await engine.images.tag(id, tagOf('tagged'));
        await until(happened('image', /^tag$/, ''));
        const container = await host.createContainer({ Image: id, Cmd: ['/x'] });
        await until(happened('container', /^create$/, container));
        await engine.containers.remove(container);
        await until(happened('container', /^destroy$/, container));
        await host.createVolume(`drydock-test-${run}-events`);
        await until(happened('volume', /^create$/, `drydock-test-${run}-events`));
        await engine.images.remove(tagOf('tagged'));
        await until(happened('image', /^untag$/, ''));
      } finally {
        stop.abort();
      }
      await reading;
    });
  });
}
