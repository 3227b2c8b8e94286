import type { Engine } from '../../../src/core/engine/engine.ts';
import type {
  ContainerSummary,
  EngineEvent,
  EngineInfo,
  ImageSummary,
  VolumeSummary,
  VolumeUsage,
} from '../../../src/core/engine/records.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';

export type EngineCall = 'info' | 'images' | 'containers' | 'volumes' | 'usage' | 'events';

export const info: EngineInfo = {
  id: 'ENGINE',
  hostName: 'dock',
  product: 'docker',
  version: '20.10.24',
  apiVersion: '1.41',
  imageStore: 'graphdriver',
  storageDriver: 'overlay2',
  platform: { os: 'linux', architecture: 'amd64' },
};

interface Held {
  readonly call: EngineCall;
  answer(): void;
}

/**
 * An engine in memory for faults and orders of events that a real one can't be made to show. It records every
 * call; a call whose name is in `holds` waits until it is answered by hand.
 */
export class RecordingEngine implements Engine {
  readonly endpoint = 'unix:///fake.sock';
  readonly calls: EngineCall[] = [];
  readonly holds = new Set<EngineCall>();
  readonly faults = new Map<EngineCall, Error>();
  readonly held: Held[] = [];
  imageList: readonly ImageSummary[] = [];
  containerList: readonly ContainerSummary[] = [];
  volumeList: readonly VolumeSummary[] = [];
  usageList: readonly VolumeUsage[] = [];
  infoAnswer: EngineInfo = info;
  isFollowed = false;
  /** Whether calls that were cancelled are answered all the same, late. */
  isDeaf = false;
  #queue: EngineEvent[] = [];
  #wake: (() => void) | undefined;

  readonly images: Engine['images'];
  readonly containers: Engine['containers'];
  readonly volumes: Engine['volumes'];
  readonly networks: Engine['networks'];

  constructor() {
    const rest = unusableEngine(this.endpoint, failure('engineUnreachable', { endpoint: this.endpoint }));
    this.images = {
      ...rest.images,
      list: (options) => this.#answer('images', () => this.imageList, options),
    };
    this.containers = {
      ...rest.containers,
      list: (options) => this.#answer('containers', () => this.containerList, options),
    };
    this.networks = rest.networks;
    this.volumes = {
      ...rest.volumes,
      list: (options) => this.#answer('volumes', () => this.volumeList, options),
      usage: (options) => this.#answer('usage', () => this.usageList, options),
    };
  }

  info(options?: { readonly signal?: AbortSignal }): Promise<EngineInfo> {
    return this.#answer('info', () => this.infoAnswer, options);
  }

  /** What the engine tells next. */
  emit(...events: readonly EngineEvent[]): void {
    this.#queue.push(...events);
    this.#wake?.();
  }

  count(call: EngineCall): number {
    return this.calls.filter((made) => made === call).length;
  }

  /** Answers the calls that wait now. */
  answerHeld(): void {
    for (const held of this.held.splice(0)) held.answer();
  }

  async *events(signal: AbortSignal): AsyncIterable<EngineEvent> {
    this.calls.push('events');
    this.isFollowed = true;
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      for (;;) {
        if (signal.aborted) return;
        const fault = this.faults.get('events');
        if (fault !== undefined) throw fault;
        const event = this.#queue.shift();
        if (event !== undefined) {
          yield event;
          continue;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.isFollowed = false;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #answer<T>(
    call: EngineCall,
    value: () => T,
    options?: { readonly signal?: AbortSignal },
  ): Promise<T> {
    this.calls.push(call);
    // What a slow answer tells is how things were when it was asked for: the worst case for who reads it.
    const found = value();
    if (this.holds.has(call))
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          if (!this.isDeaf) reject(new DOMException('aborted', 'AbortError'));
        };
        options?.signal?.addEventListener('abort', abort, { once: true });
        this.held.push({ call, answer: resolve });
      });
    const fault = this.faults.get(call);
    if (fault !== undefined) throw fault;
    return found;
  }
}
