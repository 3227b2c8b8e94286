import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { parseDigest, type Digest } from '../../../src/core/digest.ts';
import { recoverMoves } from '../../../src/core/move/moveSession.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type { MoveEnds } from '../../../src/core/move/planMove.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended, type ProgressFact } from '../../../src/core/progress.ts';
import { testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { MoveBench } from '../../support/moveBench.ts';
import { shellImage } from '../../support/shellImage.ts';
import { stumblingEngine, type StumblingRecord } from '../../support/stumblingEngine.ts';

describe('moving to another engine', function () {
  this.timeout(180_000);
  let bench: MoveBench;
  before(async () => {
    bench = await MoveBench.open();
  });
  after(async () => {
    await bench.close();
  });
  afterEach(() => {
    assert.deepEqual(bench.notes(), []);
    bench.clear();
  });

  const label = ['--label', `${testLabel}=1`] as const;
  const named = (what: string): string => `drydock-test-${what}-${randomBytes(4).toString('hex')}`;
  const idOf = (docker: MoveBench['here'], name: string): Digest =>
    parseDigest(docker('image', 'inspect', '--format', '{{.Id}}', name), name);
  const shellId = (): Digest => idOf(bench.here, shellImage);
  const listing = 'cd /data; ls -lAR --time-style=+%s; for f in * */*; do [ -f "$f" ] && cat "$f"; done';
  const dataOf = (docker: MoveBench['here'], volume: string): string =>
    docker(
      'run',
      '--rm',
      '--network',
      'none',
      '--volume',
      `${volume}:/data`,
      shellImage,
      'sh',
      '-c',
      listing,
    );

  describe('an image', () => {
    it('keeps its ID and gets its names, and what is there is not sent again', async () => {
      const container = named('own');
      bench.run(container, '--network', 'none', shellImage, 'sh', '-c', 'echo more > /more');
      bench.here('wait', container);
      const tag = `${named('image')}:1`;
      const id = parseDigest(bench.here('commit', container, tag), tag);
      const thing = { kind: 'image', images: [{ id: shellId(), tags: [shellImage] }] } as const;
      const told: ProgressFact[] = [];
      const progress = { report: (fact: ProgressFact): void => void told.push(fact) };
      await bench.move(thing, 'keep', { operation: { ...unattended(), progress } });
      const going = told.filter(({ phase }) => phase === 'sending').at(-1);
      assert.ok(told.some(({ phase }) => phase === 'preparing'));
      const { doneBytes = 0, totalBytes = 0 } = going ?? {};
      assert.ok(doneBytes > 0.9 * totalBytes && totalBytes > 1e6, `${doneBytes} of ${totalBytes}`);
      const child = { kind: 'image', images: [{ id, tags: [tag] }] } as const;
      const { items, sentBytes } = await bench.move(child, 'remove');
      assert.ok(sentBytes < 50_000, 'its base is not sent again');
      assert.deepEqual(
        items.map(({ what, name, action }) => [what, name, action]),
        [
          ['image', tag, 'create'],
          ['tag', tag, 'create'],
        ],
      );
      assert.equal(bench.there('image', 'inspect', '--format', '{{.Id}}', tag), id);
      const layers = (name: string): string =>
        bench.there('image', 'inspect', '--format', '{{json .RootFS.Layers}}', name);
      assert.ok(layers(tag).startsWith(layers(shellImage).slice(0, -1)));
      assert.equal(bench.here('images', '--quiet', tag), '', 'removed here');
      const again = await bench.move(thing, 'keep');
      assert.deepEqual(
        again.items.map(({ action, reason }) => `${action} ${reason}`),
        ['keep same', 'keep same'],
      );
    });

    it('leaves a tag with the image that has it there, unless it is to be replaced', async () => {
      bench.here('image', 'inspect', shellImage);
      const other = bench.there('import', '/dev/null', shellImage);
      const thing = { kind: 'image', images: [{ id: shellId(), tags: [shellImage] }] } as const;
      await bench.move(thing, 'keep');
      assert.equal(bench.there('image', 'inspect', '--format', '{{.Id}}', shellImage), other);
      assert.equal(bench.there('image', 'inspect', '--format', '{{.Id}}', shellId()), shellId());
      const { kept } = await bench.move(thing, 'keep', { choices: { taken: 'replace' } });
      assert.equal(bench.there('image', 'inspect', '--format', '{{.Id}}', shellImage), shellId());
      assert.equal(bench.there('image', 'inspect', '--format', '{{.Id}}', kept[0]?.keptAs ?? ''), other);
    });
  });

  /** Writes, replaces, links and removes all the time. */
  const busy =
    'i=0; while true; do i=$((i+1)); echo $i >> /data/log; echo $i > /data/f$((i % 7));' +
    ' rm -rf /data/d$(((i+3) % 5)); mkdir /data/d$((i % 5)); echo x > /data/d$((i%5))/y;' +
    ' ln /data/d$((i%5))/y /data/d$((i%5))/z; sleep 0.02; done';

  describe('a container', () => {
    it('takes its volumes, networks, own changes and settings along while it writes, and goes here', async () => {
      const [web, net, data] = [named('web'), named('net'), named('data')];
      bench.here('network', 'create', ...label, '--subnet', '10.78.1.0/24', net);
      bench.here('volume', 'create', ...label, '--label', 'kept=yes', data);
      const id = bench.run(
        web,
        ...['--network', net, '--ip', '10.78.1.9', '--network-alias', 'www', '--env', 'MODE=fast'],
        ...['--volume', `${data}:/data`, '--volume', '/anonymous', '--restart', 'on-failure:2'],
        ...['--health-cmd', 'cat /data/log', '--health-interval', '1s', '--health-start-period', '5s'],
        ...[shellImage, 'sh', '-c', `[ -e /data/stop ] && sleep 600; ${busy}`],
      );
      const odd = 'echo own > /own; rm /bin/touch; echo h > /anonymous/file; echo a > "/data/with space";';
      bench.here('exec', web, 'sh', '-c', `${odd} ln -s nowhere /data/link; chmod 4711 "/data/with space"`);
      bench.here('exec', web, 'sh', '-c', 'echo raw > "$(printf "/data/\\351")"; chown 7:8 /data/log');
      const plan = await bench.plan({ kind: 'container', id }, 'stop');
      assert.deepEqual(plan.problems, []);
      const { stillMs = 0, removed } = await bench.move({ kind: 'container', id }, 'stop');
      assert.ok(stillMs > 0);
      assert.deepEqual(removed, []);
      assert.equal(bench.here('inspect', '--format', '{{.State.Status}}', web), 'exited');
      assert.equal(bench.there('inspect', '--format', '{{.State.Status}}', web), 'running');
      assert.equal(
        bench.there('exec', web, 'sh', '-c', 'cat /own /anonymous/file; ls /bin/touch || echo gone'),
        'own\nh\ngone',
      );
      const settings =
        '{{json .Config.Env}} {{json .HostConfig.RestartPolicy}} {{json .Config.Healthcheck}} {{json .Config.Cmd}}';
      for (const format of [settings, `{{(index .NetworkSettings.Networks "${net}").IPAMConfig}}`])
        assert.equal(
          bench.there('inspect', '--format', format, web),
          bench.here('inspect', '--format', format, web),
        );
      assert.equal(bench.there('volume', 'inspect', '--format', '{{.Labels.kept}}', data), 'yes');
      const names = (state: string): readonly string[] => state.split('\n').filter((line) => line !== '');
      assert.deepEqual(
        names(bench.there('images', '--format', '{{.Repository}}:{{.Tag}}')).filter((name) =>
          name.includes('drydock-commit'),
        ),
        [],
      );
    });

    for (const [how, script] of [
      ['hard links and removals included', busy],
      ['where there are no hard links', busy.replace(/ ln \S+ \S+;/, '')],
    ] as const)
      it(`has the very data there that is here, to the last write, ${how}`, async () => {
        const [web, data] = [named('web'), named('data')];
        bench.here('volume', 'create', ...label, data);
        const id = bench.run(
          web,
          '--network',
          'none',
          '--volume',
          `${data}:/data`,
          shellImage,
          'sh',
          '-c',
          script,
        );
        // Nothing is started there, so that nothing is written there.
        await bench.move({ kind: 'container', id }, 'stop', { choices: { start: false } });
        assert.equal(bench.there('inspect', '--format', '{{.State.Status}}', web), 'created');
        const here = dataOf(bench.here, data);
        assert.ok(here.includes('log'));
        assert.equal(dataOf(bench.there, data), here);
      });

    it('is read once while it stands still, whatever has changed in it since the first pass', async () => {
      const [web, data] = [named('web'), named('data')];
      bench.here('volume', 'create', ...label, data);
      const args = ['--network', 'none', '--volume', `${data}:/data`, shellImage, 'sleep', '600'];
      const id = bench.run(web, ...args);
      const inside = (script: string): string => bench.here('exec', web, 'sh', '-ec', `cd /data; ${script}`);
      inside(`mkdir was-folder other gone gone/deep; echo kept > other/y; echo x > was-folder/y;
        echo one > file; ln file link; ln -s nowhere symlink; echo x > was-file; echo x > gone/deep/z;
        echo raw > "$(printf '\\351')"; echo 1234 > same-size; touch -d @1700000000 same-size; mkfifo pipe`);
      const change = `rm -r was-folder gone; ln -s other was-folder; rm was-file; mkdir was-file;
        echo two > file; ln file link2; rm symlink; ln -s elsewhere symlink; chmod 600 other/y;
        echo more > "$(printf '\\351')"; echo 4321 > same-size; touch -d @1700000000 same-size`;
      const reads: string[] = [];
      const { source } = bench.deps;
      const watched: Engine = {
        ...source,
        containers: {
          ...source.containers,
          stop: (...stopped) => {
            inside(change);
            reads.length = 0;
            return source.containers.stop(...stopped);
          },
          readArchive: (ref, path, cancel) => {
            reads.push(path);
            return source.containers.readArchive(ref, path, cancel);
          },
        },
      };
      const moved = { choices: { start: false }, ends: { source: watched } };
      await bench.move({ kind: 'container', id }, 'stop', moved);
      assert.deepEqual(reads, ['/v', '/v/same-size']);
      assert.equal(dataOf(bench.there, data), dataOf(bench.here, data));
      assert.ok(dataOf(bench.there, data).includes('4321'));
    });

    it('goes on here after a copy, and is gone here after a move that removes', async () => {
      const [web, data] = [named('web'), named('data')];
      bench.here('volume', 'create', ...label, data);
      const id = bench.run(web, '--network', 'none', '--volume', `${data}:/data`, shellImage, 'sleep', '600');
      await bench.move({ kind: 'container', id }, 'keep');
      for (const docker of [bench.here, bench.there])
        assert.equal(docker('inspect', '--format', '{{.State.Status}}', web), 'running');
      const blocked = await bench.plan({ kind: 'container', id }, 'stop');
      assert.deepEqual(
        blocked.problems.map(({ code }) => code),
        ['volumeTaken', 'containerTaken'],
      );
      bench.there('rm', '--force', web);
      bench.there('volume', 'rm', data);
      const { removed } = await bench.move({ kind: 'container', id }, 'remove');
      assert.deepEqual(removed, [
        { what: 'container', name: web },
        { what: 'volume', name: data },
      ]);
      assert.equal(bench.here('ps', '--all', '--quiet', '--filter', `name=${web}`), '');
      assert.equal(bench.there('inspect', '--format', '{{.State.Status}}', web), 'running');
    });

    it('has another one that writes stand still meanwhile, which goes on then with what it uses', async () => {
      const [web, other, data] = [named('web'), named('other'), named('data')];
      bench.here('volume', 'create', ...label, data);
      const args = ['--network', 'none', '--volume', `${data}:/data`, shellImage, 'sleep', '600'];
      const id = bench.run(web, ...args);
      bench.run(other, ...args);
      const { removed, left } = await bench.move({ kind: 'container', id }, 'remove');
      assert.deepEqual(removed, [{ what: 'container', name: web }]);
      assert.deepEqual(left, [{ what: 'volume', name: data, reason: `${other} uses it` }]);
      assert.equal(bench.here('inspect', '--format', '{{.State.Status}}', other), 'running');
      assert.equal(bench.there('inspect', '--format', '{{.State.Status}}', web), 'running');
      bench.here('rm', '--force', other);
    });

    it('comes back here when it does not become healthy there', async () => {
      const web = named('web');
      const id = bench.run(
        web,
        ...['--network', 'none', '--health-cmd', '[ -e /healthy ]', '--health-interval', '1s'],
        ...['--health-retries', '1', '--tmpfs', '/run', shellImage, 'sleep', '600'],
      );
      const before = await bench.state();
      const refused = await failureOf(bench.move({ kind: 'container', id }, 'stop'));
      assert.equal(refused.code, 'moveNotHealthy');
      assert.deepEqual(await bench.state(), before);
    });
  });

  describe('a project', () => {
    it('starts there in the order of its services, with volumes that nobody uses, and goes here', async () => {
      const [project, net, data, spare] = ['shop', 'net', 'data', 'spare'].map(named);
      assert.ok(project !== undefined && net !== undefined && data !== undefined && spare !== undefined);
      const ofProject = [...label, '--label', `com.docker.compose.project=${project}`];
      bench.here('network', 'create', ...ofProject, net);
      for (const volume of [data, spare]) bench.here('volume', 'create', ...ofProject, volume);
      const service = (name: string, needs: string, ...args: readonly string[]): string =>
        bench.run(
          `${project}-${name}`,
          ...['--network', net, '--label', `com.docker.compose.project=${project}`],
          ...['--label', `com.docker.compose.service=${name}`],
          ...['--label', `com.docker.compose.depends_on=${needs}`, '--volume', `${data}:/data`],
          ...args,
        );
      const beat = (name: string): string => `echo ${name} >> /data/starts; sleep 600`;
      service('web', 'db:service_healthy:false', shellImage, 'sh', '-c', beat('web'));
      service(
        'db',
        '',
        '--health-cmd',
        'cat /data/starts',
        '--health-interval',
        '1s',
        shellImage,
        'sh',
        '-c',
        beat('db'),
      );
      const { removed, left } = await bench.move({ kind: 'project', name: project }, 'remove');
      assert.deepEqual(left, []);
      assert.deepEqual(
        removed.map(({ what }) => what),
        ['container', 'container', 'volume', 'volume', 'network'],
      );
      assert.equal(
        bench.there('exec', `${project}-web`, 'cat', '/data/starts'),
        'web\ndb\ndb\nweb',
        'the last two are those there',
      );
      assert.ok(bench.there('volume', 'ls', '--quiet').split('\n').includes(spare));
      assert.equal(bench.here('network', 'ls', '--quiet', '--filter', `name=${net}`), '');
    });
  });

  describe('that breaks off', () => {
    /** A small thing that goes through every step of a move. */
    const makeThing = (): { readonly id: string; readonly web: string } => {
      const [web, net, data] = [named('web'), named('net'), named('data')];
      bench.here('network', 'create', ...label, net);
      bench.here('volume', 'create', ...label, data);
      const id = bench.run(
        web,
        '--network',
        net,
        '--volume',
        `${data}:/data`,
        shellImage,
        'sh',
        '-c',
        'sleep 600',
      );
      bench.here('exec', web, 'sh', '-c', 'echo own > /own; echo data > /data/file');
      return { id, web };
    };
    const recorded = (): { readonly record: StumblingRecord; readonly ends: MoveEnds } => {
      const record: StumblingRecord = { done: [], stumble: () => undefined };
      const source = stumblingEngine(bench.deps.source, 'source', record);
      return { record, ends: { source, target: stumblingEngine(bench.deps.target, 'target', record) } };
    };

    it('leaves both engines as they were, at whichever of its steps it fails', async () => {
      const { id } = makeThing();
      const before = await bench.state();
      const { record, ends } = recorded();
      await bench.move({ kind: 'container', id }, 'stop', { ends });
      bench.here('start', id);
      const steps = [...new Set(record.done)].map((step) => [step, record.done.indexOf(step)] as const);
      bench.clearThere();
      assert.deepEqual(await bench.state(), before);
      const refusedStarts: string[] = [];
      const isMade = /^target (images.load|(networks|volumes|containers).create|containers.start)$/;
      for (const [step, at] of steps)
        for (const how of isMade.test(step) ? (['refused', 'lost'] as const) : (['refused'] as const)) {
          record.done.length = 0;
          record.stumble = (number) => (number === at ? how : undefined);
          const broken = await failureOf(bench.move({ kind: 'container', id }, 'stop', { ends }));
          if (how === 'refused' && record.done[at] === 'target containers.start')
            refusedStarts.push(broken.code);
          assert.deepEqual(await bench.state(), before, `${step} ${how}`);
        }
      assert.deepEqual(refusedStarts, ['moveNotStarted']);
    });

    it('leaves both engines as they were when it is cancelled in its last pass', async () => {
      const { id } = makeThing();
      const before = await bench.state();
      const { record, ends } = recorded();
      const cancelled = new AbortController();
      record.stumble = () => {
        if (record.done.at(-1) === 'source containers.commit') cancelled.abort();
        return undefined;
      };
      const operation = { ...unattended(), signal: cancelled.signal };
      const moving = bench.move({ kind: 'container', id }, 'remove', { ends, operation });
      await assert.rejects(moving, { name: 'AbortError' });
      assert.deepEqual(await bench.state(), before);
    });

    it('is undone by the next one when its process was killed', async () => {
      const { id } = makeThing();
      const before = await bench.state();
      const { record, ends } = recorded();
      const killed = Promise.withResolvers<never>();
      const reached = Promise.withResolvers<undefined>();
      record.stumble = () => {
        if (record.done.at(-1) !== 'target containers.start') return undefined;
        reached.resolve(undefined);
        return killed.promise;
      };
      const owner = { ...bench.deps.owner, pid: 4_194_303, startTime: '1' };
      const moving = failureOf(bench.move({ kind: 'container', id }, 'stop', { ends, owner }));
      await reached.promise;
      assert.equal(bench.here('inspect', '--format', '{{.State.Status}}', id), 'exited');
      const { source, target, ...notes } = bench.deps;
      const recovered = await recoverMoves({ ...notes, engines: [source, target] });
      assert.deepEqual(
        recovered.map(({ outcome }) => outcome),
        ['undone'],
      );
      assert.deepEqual(await bench.state(), before);
      killed.reject(failure('engineAnswerCut', { call: 'start' }));
      await moving;
      assert.deepEqual(await bench.state(), before);
    });

    it('says what it could not remove here, and leaves it', async () => {
      const { id, web } = makeThing();
      const { record, ends } = recorded();
      record.stumble = (number) => (record.done[number] === 'source volumes.remove' ? 'refused' : undefined);
      const { removed, left } = await bench.move({ kind: 'container', id }, 'remove', { ends });
      assert.deepEqual(
        [removed, left].map((things) => things.map(({ what }) => what)),
        [['container'], ['volume']],
      );
      assert.equal(bench.there('inspect', '--format', '{{.State.Status}}', web), 'running');
    });
  });
});
