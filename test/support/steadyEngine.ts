/**
 * An engine in memory whose containers run, stand still and come back, for faults that a real one can't be made to
 * show. It records what is done to them, and anything can be made to fail:
 *
 *     const engine = new SteadyEngine({ db: {}, web: { labels: { … } } });
 *     engine.fails = (call) => call === 'unpause db' ? failure(…) : undefined;
 *     engine.states();   // { db: 'running', web: 'running' }
 */
import type { Engine } from '../../src/core/engine/engine.ts';
import type { ContainerDetails, ContainerState, ExecOutcome } from '../../src/core/engine/records.ts';
import { unusableEngine } from '../../src/core/engine/unusableEngine.ts';
import { failure } from '../../src/core/errors.ts';
import { emptyRunConfig } from './emptyRunConfig.ts';

export interface SteadyContainer {
  readonly state?: ContainerState;
  readonly labels?: Readonly<Record<string, string>>;
  readonly isRemovedAtStop?: boolean;
}

interface Held {
  state: ContainerState;
  starts: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly isRemovedAtStop: boolean;
}

export class SteadyEngine {
  readonly done: string[] = [];
  readonly containers = new Map<string, Held>();
  /** What to answer instead of doing `call`, for example `pause db`; called before anything is done. */
  fails: (call: string) => Error | undefined = () => undefined;
  /** The same, called when it was done: what it gives is answered, and the answer is lost. */
  loses: (call: string) => Error | undefined = () => undefined;
  /** What a command in a container gives. */
  runs: (container: string, command: string) => ExecOutcome | Promise<ExecOutcome> = () => ({
    exitCode: 0,
    output: '',
  });
  readonly engine: Engine;

  constructor(containers: Readonly<Record<string, SteadyContainer>>) {
    for (const [name, { state = 'running', labels = {}, isRemovedAtStop = false }] of Object.entries(
      containers,
    ))
      this.containers.set(name, { state, starts: 1, labels, isRemovedAtStop });
    const endpoint = 'unix:///steady.sock';
    const rest = unusableEngine(endpoint, failure('engineUnreachable', { endpoint }));
    this.engine = {
      ...rest,
      containers: {
        ...rest.containers,
        inspect: async (ref) => Promise.resolve(this.#details(ref)),
        pause: (ref) => this.#change('pause', ref, 'running', 'paused'),
        unpause: (ref) => this.#change('unpause', ref, 'paused', 'running'),
        stop: (ref) => this.#change('stop', ref, 'running', 'exited'),
        start: (ref) => this.#change('start', ref, 'exited', 'running'),
        exec: async (ref, { command }, { signal } = {}) => {
          const text = command.at(-1) ?? '';
          this.done.push(`exec ${ref} ${text}`);
          this.#find(ref);
          const left = new Promise<never>((_, reject) => {
            signal?.addEventListener('abort', () => {
              reject(signal.reason as Error);
            });
          });
          // Its limit fires a while after a command that has ended.
          left.catch(() => undefined);
          return await Promise.race([this.runs(ref, text), left]);
        },
      },
    };
  }

  /** What every container is doing now. */
  states(): Readonly<Record<string, ContainerState>> {
    return Object.fromEntries([...this.containers].map(([name, { state }]) => [name, state]));
  }

  #find(ref: string): Held {
    const found = this.containers.get(ref);
    if (found === undefined) throw failure('engineNotFound', { kind: 'container', name: ref });
    return found;
  }

  #details(ref: string): ContainerDetails {
    const { state, starts, labels, isRemovedAtStop } = this.#find(ref);
    return {
      id: ref,
      name: ref,
      image: 'app:1',
      imageId: '',
      state,
      health: 'none',
      mounts: [],
      config: { ...emptyRunConfig, labels },
      raw: {
        State: { StartedAt: `start ${starts}` },
        Config: {},
        HostConfig: { AutoRemove: isRemovedAtStop },
      },
    };
  }

  async #change(verb: string, ref: string, from: ContainerState, to: ContainerState): Promise<void> {
    this.done.push(`${verb} ${ref}`);
    const error = await Promise.resolve(this.fails(`${verb} ${ref}`));
    if (error !== undefined) throw error;
    const held = this.#find(ref);
    if (held.state !== from && !(verb === 'stop' && held.state === 'restarting'))
      throw failure('engineConflict', { name: ref, reason: `it is ${held.state}` });
    if (verb === 'start') held.starts += 1;
    held.state = to;
    const lost = this.loses(`${verb} ${ref}`);
    if (lost !== undefined) throw lost;
  }
}
