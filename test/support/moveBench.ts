/**
 * Two engines side by side, and what is on each: for tests that move things from one to the other.
 *
 *     const bench = await MoveBench.open();
 *     bench.here('run', …); bench.there('ps');
 *     await bench.move({ kind: 'container', id }, 'stop');
 *     bench.state();   // containers, images, volumes, networks and notes of both
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../src/core/engine/engine.ts';
import { executeMove, type MoveDeps, type MoveResult } from '../../src/core/move/executeMove.ts';
import type { Afterwards, MovedThing } from '../../src/core/move/movedThing.ts';
import { planMove, type MovePlan } from '../../src/core/move/planMove.ts';
import { unattended, type Operation } from '../../src/core/progress.ts';
import type { RestoreChoices } from '../../src/core/restore/restorePlan.ts';
import { currentProcess, type ProcessIdentity } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { ownEngine, testHost, testLabel, type OwnEngine } from './engine.ts';
import { makeShellImage } from './shellImage.ts';

export interface MoveOptions {
  readonly choices?: RestoreChoices;
  readonly operation?: Operation;
  /** Engines in the place of the real ones. */
  /** In whose name it is noted. */
  readonly owner?: ProcessIdentity;
  readonly ends?: { readonly source?: Engine; readonly target?: Engine };
}

export class MoveBench {
  readonly deps: MoveDeps;
  readonly second: OwnEngine;
  readonly #folder: string;

  private constructor(deps: MoveDeps, second: OwnEngine, folder: string) {
    this.deps = deps;
    this.second = second;
    this.#folder = folder;
  }

  static async open(): Promise<MoveBench> {
    const folder = await mkdtemp(join(tmpdir(), 'drydock-move-'));
    // The temporary folder may lie in memory, where an engine's data should not.
    const data = process.env['DRYDOCK_TEST_FOLDER'] ?? folder;
    const second = await ownEngine(join(data, `engine-${basename(folder)}`));
    await makeShellImage(testHost());
    const engineOf = (host: string): Engine => {
      const endpoint = parseAddress(host);
      assert.ok(endpoint);
      return connect(endpoint);
    };
    const ends = { source: engineOf(testHost()), target: engineOf(second.host) };
    const deps = { ...ends, folder: join(folder, 'notes'), owner: await currentProcess() };
    return new MoveBench(deps, second, folder);
  }

  async close(): Promise<void> {
    this.clear();
    await this.deps.source.close();
    await this.deps.target.close();
    await this.second.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Removes what tests made on the first engine, and all that is on the second. */
  clear(): void {
    clearThings(this.here, ['--filter', `label=${testLabel}=1`]);
    this.clearThere();
  }

  /** Removes all that is on the second engine. */
  clearThere(): void {
    clearThings(this.there, []);
    for (const id of new Set(this.there('images', '--quiet').split('\n')))
      if (id !== '') this.there('image', 'rm', '--force', id);
  }

  readonly here = (...args: readonly string[]): string => docker(testHost(), args);
  readonly there = (...args: readonly string[]): string => docker(this.second.host, args);

  /** `docker run --detach` on the first engine, with the tests' label; it ends at once when it is told to stop. */
  run(name: string, ...args: readonly string[]): string {
    const usual = ['--label', `${testLabel}=1`, '--stop-signal', 'KILL'];
    return this.here('run', '--detach', '--name', name, ...usual, ...args);
  }

  plan(thing: MovedThing, afterwards: Afterwards, choices: RestoreChoices = {}): Promise<MovePlan> {
    return planMove(this.deps, { thing, choices, afterwards }, unattended());
  }

  /** Plans with the real engines and moves, and waits less than usual whether a container stays. */
  async move(thing: MovedThing, afterwards: Afterwards, options: MoveOptions = {}): Promise<MoveResult> {
    const { choices, operation = unattended(), ends, owner } = options;
    const plan = await planMove(
      { ...this.deps, ...ends },
      { thing, choices: choices ?? {}, afterwards },
      operation,
    );
    const wait = async (_: number, signal: AbortSignal): Promise<void> => {
      await delay(30, undefined, { signal });
    };
    return await executeMove({ ...this.deps, ...ends, ...(owner && { owner }) }, plan, operation, { wait });
  }

  /** All that is on both engines, without times, and notes that are left. */
  async state(): Promise<object> {
    const of = async ({ containers, images, volumes, networks }: Engine): Promise<object> => ({
      containers: (await containers.list())
        .map(({ id, names, state }) => [id, state, ...names].join(' '))
        .sort(),
      images: (await images.list()).map(({ id, tags }) => [id, ...tags].join(' ')).sort(),
      volumes: (await volumes.list()).map(({ name }) => name).sort(),
      networks: (await networks.list()).map(({ id, name }) => `${id} ${name}`).sort(),
    });
    const { source, target } = this.deps;
    return { here: await of(source), there: await of(target), notes: this.notes() };
  }

  /** Notes of moves that ended without putting everything right. */
  notes(): readonly string[] {
    const folder = join(this.deps.folder, 'drydock', 'journal');
    return existsSync(folder) ? readdirSync(folder) : [];
  }
}

function docker(host: string, args: readonly string[]): string {
  const env = { ...process.env, DOCKER_HOST: host };
  return execFileSync('docker', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function clearThings(docker: MoveBench['here'], which: readonly string[]): void {
  const list = (...args: readonly string[]): readonly string[] =>
    docker(...args, ...which)
      .split('\n')
      .filter((line) => line !== '');
  for (const id of list('ps', '--all', '--quiet')) docker('rm', '--force', '--volumes', id);
  for (const name of list('volume', 'ls', '--quiet')) docker('volume', 'rm', name);
  for (const name of list('network', 'ls', '--format', '{{.Name}}'))
    if (!['bridge', 'host', 'none'].includes(name)) docker('network', 'rm', name);
}
