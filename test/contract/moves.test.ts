/**
 * Images, containers and projects move from each engine to every other. Run by scripts/test.ts engines, with several
 * engines up at once: DRYDOCK_TEST_HOSTS is "NAME=ADDRESS,…".
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/core/engine/engine.ts';
import { executeMove, type MoveResult } from '../../src/core/move/executeMove.ts';
import type { Afterwards, MovedThing } from '../../src/core/move/movedThing.ts';
import { planMove } from '../../src/core/move/planMove.ts';
import { unattended } from '../../src/core/progress.ts';
import type { RestoreChoices } from '../../src/core/restore/restorePlan.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { testLabel } from '../support/engine.ts';
import { makeShellImage, shellImage } from '../support/shellImage.ts';
import { connectToParty, parties } from './parties.ts';

interface Party {
  readonly name: string;
  readonly engine: Engine;
  readonly docker: (...args: readonly string[]) => string;
}

describe('things move from one engine to another', function () {
  this.timeout(180_000);
  const met = new Map<string, Party>();
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-moves-'));
    for (const { name, address } of parties) {
      const env = { ...process.env, DOCKER_HOST: address };
      const docker: Party['docker'] = (...args) =>
        execFileSync('docker', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
      met.set(name, { name, engine: connectToParty(address), docker });
    }
  });
  after(async () => {
    for (const { engine } of met.values()) await engine.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    for (const { address } of parties) await makeShellImage(address);
  });
  afterEach(() => {
    for (const { docker } of met.values()) clear(docker);
  });

  const party = (name: string): Party => {
    const found = met.get(name);
    assert.ok(found);
    return found;
  };
  const move = async (
    [from, to]: readonly [Party, Party],
    thing: MovedThing,
    afterwards: Afterwards,
    choices: RestoreChoices = {},
  ): Promise<MoveResult> => {
    const ends = { source: from.engine, target: to.engine };
    const plan = await planMove(ends, { thing, choices, afterwards }, unattended());
    const deps = { ...ends, folder: join(folder, 'notes'), owner: await currentProcess() };
    return await executeMove(deps, plan, unattended());
  };
  /** Whether the plan says that one of them is too old for volumes; then nothing is done, and nothing else is in the way. */
  const isRefused = async (ends: readonly [Party, Party], thing: MovedThing): Promise<boolean> => {
    const [{ engine: source }, { engine: target }] = ends;
    const { problems } = await planMove(
      { source, target },
      { thing, choices: {}, afterwards: 'stop' },
      unattended(),
    );
    const blockers = problems.filter(({ severity }) => severity === 'blocker').map(({ code }) => code);
    const old = ends.filter(({ name }) => name === 'podman-trixie').map(() => 'moveVolumesTooOld');
    assert.deepEqual(blockers, old);
    return old.length > 0;
  };
  /** Everything that the volume holds, as a container sees it; the root's own time is not told by every engine. */
  const dataOf = ({ docker }: Party, volume: string): string => {
    const script = 'cd /data; ls -lAR --time-style=+%s; for f in * */*; do [ -f "$f" ] && cat "$f"; done';
    const mount = ['--network', 'none', '--volume', `${volume}:/data`];
    return docker('run', '--rm', ...mount, shellImage, 'sh', '-c', script);
  };
  const label = ['--label', `${testLabel}=1`] as const;
  const busy =
    'i=0; while true; do i=$((i+1)); echo $i >> /data/log; echo $i > /data/f$((i % 7));' +
    ' rm -rf /data/d$(((i+3) % 5)); mkdir /data/d$((i % 5)); echo x > /data/d$((i%5))/y;' +
    ' ln /data/d$((i%5))/y /data/d$((i%5))/z; sleep 0.02; done';
  const named = (what: string): string => `drydock-test-${what}-${randomBytes(4).toString('hex')}`;

  // A ring, there and back: all pairs of many engines would take an hour for the same paths.
  const ring = parties.map(({ name }, at) => [name, parties[(at + 1) % parties.length]?.name ?? ''] as const);
  const pairs = new Set(
    [...ring, ...ring.map(([from, to]) => [to, from] as const)].map((pair) => pair.join()),
  );
  for (const [from = '', to = ''] of [...pairs].map((pair) => pair.split(','))) {
    it(`an image from ${from} to ${to}`, async () => {
      const [giver, taker] = [party(from), party(to)];
      const tag = `localhost/${named('image')}:1`;
      giver.docker('tag', shellImage, tag);
      const { id, diffIds } = await giver.engine.images.inspect(tag);
      await move([giver, taker], { kind: 'image', images: [{ id, tags: [tag] }] }, 'keep');
      assert.deepEqual((await taker.engine.images.inspect(tag)).diffIds, diffIds);
    });

    it(`a container with its own changes and what it writes all the time from ${from} to ${to}`, async () => {
      const [giver, taker] = [party(from), party(to)];
      const [web, data] = [named('web'), named('data')];
      giver.docker('volume', 'create', ...label, '--label', 'kept=yes', data);
      const run = ['--stop-signal', 'KILL', '--network', 'none', '--volume', `${data}:/data`];
      const odd = 'echo a > "/data/with space"; chmod 4711 "/data/with space"; chown 7:8 /data';
      const script = `echo own > /own; ${odd}; ln -s nowhere /data/link; ${busy}`;
      const args = [...label, ...run, '--env', 'MODE=fast', shellImage, 'sh', '-c', script];
      const id = giver.docker('run', '--detach', '--name', web, ...args);
      if (await isRefused([giver, taker], { kind: 'container', id })) return;
      await move([giver, taker], { kind: 'container', id }, 'stop', { start: false });
      const here = dataOf(giver, data);
      assert.ok(here.includes('log'));
      assert.equal(dataOf(taker, data), here);
      assert.equal(taker.docker('volume', 'inspect', '--format', '{{.Labels.kept}}', data), 'yes');
      taker.docker('start', web);
      assert.equal(taker.docker('exec', web, 'cat', '/own'), 'own');
      assert.ok(taker.docker('exec', web, 'sh', '-c', 'echo $MODE').includes('fast'));
    });

    it(`a project with a network from ${from} to ${to}, and goes here`, async () => {
      const [giver, taker] = [party(from), party(to)];
      const [project, net, data] = [named('shop'), named('net'), named('data')];
      // No Podman of these tests can make a container's end of a network.
      const isPlain = [giver, taker].every(({ name }) => !name.startsWith('podman'));
      const of = [...label, '--label', `com.docker.compose.project=${project}`];
      giver.docker('network', 'create', ...of, net);
      giver.docker('volume', 'create', ...of, data);
      for (const service of ['db', 'web']) {
        const needs = service === 'web' ? 'db:service_started:false' : '';
        const labels = [`service=${service}`, `depends_on=${needs}`].flatMap((text) => [
          '--label',
          `com.docker.compose.${text}`,
        ]);
        const run = ['--stop-signal', 'KILL', '--network', isPlain ? net : 'none'];
        const mount = ['--volume', `${data}:/data`];
        const script = `echo ${service} >> /data/starts; sleep 600`;
        const args = [...of, ...labels, ...run, ...mount, shellImage, 'sh', '-c', script];
        giver.docker('run', '--detach', '--name', `${project}-${service}`, ...args);
      }
      if (await isRefused([giver, taker], { kind: 'project', name: project })) return;
      const { left } = await move([giver, taker], { kind: 'project', name: project }, 'remove');
      assert.deepEqual(left, []);
      const starts = taker.docker('exec', `${project}-web`, 'cat', '/data/starts');
      assert.equal(starts, 'db\nweb\ndb\nweb');
      assert.equal(taker.docker('network', 'ls', '--format', '{{.Name}}', '--filter', `name=${net}`), net);
      assert.equal(giver.docker('ps', '--all', '--quiet', '--filter', `name=${project}`), '');
    });
  }
});

/** Removes what carries the tests' label, images last. */
function clear(docker: Party['docker']): void {
  const which = ['--filter', `label=${testLabel}=1`];
  const lines = (...args: readonly string[]): readonly string[] =>
    docker(...args, ...which)
      .split('\n')
      .filter((line) => line !== '');
  for (const id of lines('ps', '--all', '--quiet')) docker('rm', '--force', '--volumes', id);
  for (const name of lines('volume', 'ls', '--quiet')) docker('volume', 'rm', name);
  for (const name of lines('network', 'ls', '--format', '{{.Name}}')) docker('network', 'rm', name);
  for (const id of new Set(lines('images', '--quiet'))) docker('image', 'rm', '--force', id);
}
