/**
 * An engine in memory with containers, networks and volumes, on which a restore can fail at every step. Images are
 * those of a LyingEngine.
 *
 *     const dock = new DockEngine();
 *     dock.addContainer('web', { state: 'running', ports: [8080] });
 *     dock.fails = (call) => call === 'start web' ? failure(…) : undefined;
 *     dock.state();   // all there is, to be compared before and after
 */
import type { Engine } from '../../src/core/engine/engine.ts';
import type {
  ContainerDetails,
  ContainerState,
  EngineInfo,
  HealthState,
  JsonObject,
  NetworkDetails,
} from '../../src/core/engine/records.ts';
import { unusableEngine } from '../../src/core/engine/unusableEngine.ts';
import { failure } from '../../src/core/errors.ts';
import type { SampleImage } from './archives/sampleImages.ts';
import { LyingEngine } from './lyingEngine.ts';
import { emptyRunConfig } from './emptyRunConfig.ts';

export interface DockContainer {
  readonly id: string;
  name: string;
  state: ContainerState;
  health: HealthState;
  readonly body: JsonObject;
  readonly networks: string[];
  readonly ports: readonly number[];
  /** Names of volumes. */
  readonly mounts: readonly string[];
  readonly createdAtMs: number;
}

type Fault = Error | undefined;

export class DockEngine {
  readonly images: LyingEngine;
  readonly containers: DockContainer[] = [];
  readonly networks: (NetworkDetails & { readonly addresses: Readonly<Record<string, string>> })[] = [];
  readonly volumes = new Map<string, { readonly createdAtMs: number; data: string }>();
  /** Every change that was asked for, in order. */
  readonly done: string[] = [];
  /** What to answer instead of doing a change; `after` it was done all the same. */
  fails: (call: string) => Fault = () => undefined;
  failsAfter: (call: string) => Fault = () => undefined;
  /** What a container that is started comes to. */
  startsAs: (name: string) => { readonly state: ContainerState; readonly health: HealthState } = () => ({
    state: 'running',
    health: 'none',
  });
  moreInfo: Partial<EngineInfo> = {};
  readonly engine: Engine;
  #made = 0;

  constructor(images: readonly SampleImage[] = []) {
    this.images = new LyingEngine(images);
    const { endpoint } = this.images;
    const rest = unusableEngine(endpoint, failure('engineUnreachable', { endpoint }));
    const lying = this.images.images;
    this.engine = {
      ...rest,
      info: async (options) => ({ ...(await this.images.info(options)), ...this.moreInfo }),
      images: {
        ...lying,
        load: (tar, options) => this.#change('load', () => lying.load(tar, options)),
        tag: (ref, name, options) => this.#change(`tag ${name}`, () => lying.tag(ref, name, options)),
        remove: (ref, options) => this.#change(`rmi ${ref}`, () => lying.remove(ref, options)),
      },
      containers: {
        ...rest.containers,
        list: () =>
          Promise.resolve(
            this.containers.map((one) => ({
              ...this.#details(one),
              names: [one.name],
              command: '',
              createdAtMs: one.createdAtMs,
              status: '',
              ports: one.ports.map((port) => ({ containerPort: port, hostPort: port, protocol: 'tcp' })),
              labels: {},
              networks: one.networks,
            })),
          ),
        inspect: async (ref) => Promise.resolve(this.#details(await this.#container(ref))),
        create: ({ name = '', body }) => this.#change(`create ${name}`, () => this.#create(name, body)),
        start: (ref) =>
          this.#onContainer('start', ref, (found) => {
            Object.assign(found, this.startsAs(found.name));
          }),
        stop: (ref) => this.#onContainer('stop', ref, (found) => (found.state = 'exited')),
        pause: (ref) => this.#onContainer('pause', ref, (found) => (found.state = 'paused')),
        unpause: (ref) => this.#onContainer('unpause', ref, (found) => (found.state = 'running')),
        rename: (ref, name) =>
          this.#onContainer('rename', ref, (found) => {
            this.#requireFree(name);
            found.name = name;
          }),
        remove: (ref) =>
          this.#onContainer('rm', ref, (found) => this.containers.splice(this.containers.indexOf(found), 1)),
      },
      volumes: {
        ...rest.volumes,
        list: () => Promise.resolve([...this.volumes.keys()].map((name) => this.#volume(name))),
        inspect: async (name) => Promise.resolve(this.#volume(name)),
        create: ({ name = '' }) =>
          this.#change(`volume ${name}`, () => {
            if (!this.volumes.has(name)) this.volumes.set(name, { createdAtMs: Date.now(), data: '' });
            return this.#volume(name);
          }),
        remove: (name) =>
          this.#change(`volume rm ${name}`, () => {
            this.volumes.delete(name);
          }),
      },
      networks: {
        ...rest.networks,
        list: () => Promise.resolve(this.networks),
        inspect: async (ref) => Promise.resolve(this.#network(ref)),
        create: (input) =>
          this.#change(`network ${input.name}`, () => {
            this.addNetwork(input.name, { ...input, raw: { Created: new Date().toISOString() } });
            return this.#network(input.name).id;
          }),
        remove: (ref) =>
          this.#change(`network rm ${this.#network(ref).name}`, () => {
            this.networks.splice(this.networks.indexOf(this.#network(ref)), 1);
          }),
        connect: (ref, container) =>
          this.#change(`connect ${ref}`, async () => {
            (await this.#container(container)).networks.push(this.#network(ref).name);
          }),
      },
    };
  }

  addContainer(
    name: string,
    { state = 'running', ports = [], mounts = [], body = {}, createdAtMs = 0 }: Partial<DockContainer> = {},
  ): DockContainer {
    this.#made += 1;
    const id = String(this.#made).padStart(64, 'c');
    const one: DockContainer = {
      id,
      name,
      state,
      ports,
      mounts,
      createdAtMs,
      health: 'none',
      body,
      networks: [],
    };
    this.containers.push(one);
    return one;
  }

  addNetwork(
    name: string,
    more: Partial<NetworkDetails> & { readonly addresses?: Readonly<Record<string, string>> } = {},
  ): void {
    const { addresses = {} } = more;
    const members = Object.entries(addresses).map(([address, of]) => [
      of,
      { Name: of, IPv4Address: `${address}/24` },
    ]);
    this.#made += 1;
    this.networks.push({
      id: String(this.#made).padStart(64, 'e'),
      name,
      driver: 'bridge',
      scope: 'local',
      labels: {},
      isInternal: false,
      isAttachable: false,
      isIpv6Enabled: false,
      options: {},
      ipam: {},
      ...more,
      addresses,
      raw: { ...(more.raw as object), Containers: Object.fromEntries(members) as JsonObject },
    });
  }

  /** All that there is, without what differs from run to run. */
  state(): object {
    return {
      images: this.images.state(),
      containers: this.containers
        .map(({ name, state, networks }) => `${name} ${state} ${networks.join()}`)
        .sort(),
      networks: this.networks.map(({ name }) => name).sort(),
      volumes: [...this.volumes].map(([name, { data }]) => `${name} ${data}`).sort(),
    };
  }

  async #change<T>(call: string, work: () => T | Promise<T>): Promise<T> {
    this.done.push(call);
    const before = this.fails(call);
    if (before !== undefined) throw before;
    const result = await work();
    const after = this.failsAfter(call);
    if (after !== undefined) throw after;
    return result;
  }

  async #onContainer(verb: string, ref: string, work: (found: DockContainer) => unknown): Promise<void> {
    const found = await this.#container(ref);
    await this.#change(`${verb} ${found.name}`, () => {
      work(found);
    });
  }

  #create(name: string, body: JsonObject): { readonly id: string; readonly warnings: readonly string[] } {
    this.#requireFree(name);
    const made = this.addContainer(name, { state: 'created', createdAtMs: Date.now() });
    const networking = body['NetworkingConfig'] as { readonly EndpointsConfig?: object } | undefined;
    made.networks.push(...Object.keys(networking?.EndpointsConfig ?? {}));
    const { Binds = [] } = (body['HostConfig'] ?? {}) as { readonly Binds?: readonly string[] };
    for (const [volume = ''] of Binds.map((bind) => bind.split(':')))
      if (!this.volumes.has(volume)) this.volumes.set(volume, { createdAtMs: Date.now(), data: '' });
    Object.assign(made, { body });
    return { id: made.id, warnings: [] };
  }

  #requireFree(name: string): void {
    if (this.containers.some((one) => one.name === name))
      throw failure('engineConflict', { name, reason: 'the name is taken' });
  }

  async #container(ref: string): Promise<DockContainer> {
    const found = this.containers.find(({ id, name }) => id === ref || name === ref);
    if (found === undefined) throw failure('engineNotFound', { kind: 'container', name: ref });
    return Promise.resolve(found);
  }

  #details({ id, name, state, health, body, mounts, createdAtMs }: DockContainer): ContainerDetails {
    return {
      id,
      name,
      state,
      health,
      createdAtMs,
      image: '',
      imageId: '',
      mounts: mounts.map((of) => ({
        type: 'volume',
        name: of,
        source: '',
        target: `/${of}`,
        isReadOnly: false,
      })),
      config: emptyRunConfig,
      raw: { State: { ExitCode: 7 }, RestartCount: 0, HostConfig: body['HostConfig'] ?? {} },
    };
  }

  #volume(name: string): Awaited<ReturnType<Engine['volumes']['inspect']>> {
    const found = this.volumes.get(name);
    if (found === undefined) throw failure('engineNotFound', { kind: 'volume', name });
    const { createdAtMs } = found;
    return {
      name,
      createdAtMs,
      driver: 'local',
      mountpoint: '',
      scope: 'local',
      labels: {},
      options: {},
      raw: {},
    };
  }

  #network(ref: string): DockEngine['networks'][number] {
    const found = this.networks.find(({ id, name }) => id === ref || name === ref);
    if (found === undefined) throw failure('engineNotFound', { kind: 'network', name: ref });
    return found;
  }
}
