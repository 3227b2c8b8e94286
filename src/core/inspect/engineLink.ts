import type { Engine } from '../engine/engine.ts';
import type { EngineEvent, EngineInfo } from '../engine/records.ts';
import type { DrydockError } from '../errors.ts';
import { asFailure } from './keptList.ts';
import type { Timers } from './timers.ts';

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'ready'; readonly info: EngineInfo }
  | {
      readonly kind: 'failed';
      readonly error: DrydockError;
      /** Whether any engine has answered since the link was made. */
      readonly hasBeenReady: boolean;
      /** When the engine is tried again by itself, if it is. */
      readonly retryInMs?: number;
    };

/** Something that happened to an object of the engine. */
export type ObjectEvent = Exclude<EngineEvent, { kind: 'connected' | 'disconnected' }>;

export interface LinkDeps {
  readonly timers: Timers;
  onState(): void;
  /** Connected, perhaps again: everything has to be read anew. Resolves when it was. */
  onConnected(): Promise<void>;
  /** From now on nothing that was read is known to be true. */
  onLost(): void;
  onEvent(event: ObjectEvent): void;
}

const retryMs = 5_000;

/** The connection to the engine in use: what state it is in, and what happens there. */
export class EngineLink {
  readonly #deps: LinkDeps;
  #engine: Engine | undefined;
  #state: LinkState = { kind: 'connecting' };
  #hasBeenReady = false;
  #following: AbortController | undefined;
  #connection: AbortController | undefined;
  #answer: Answer | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
  }

  get state(): LinkState {
    return this.#state;
  }

  get engine(): Engine | undefined {
    return this.#engine;
  }

  /** Follows `engine` and nothing else. */
  use(engine: Engine): void {
    this.letGo();
    this.#engine = engine;
    this.#setState({ kind: 'connecting' });
    this.#follow(engine);
  }

  /** Is left without an engine because of `error`. */
  useNone(error: DrydockError): void {
    this.letGo();
    this.#setState({ kind: 'failed', error, hasBeenReady: this.#hasBeenReady });
  }

  letGo(): void {
    this.#stop();
    this.#engine = undefined;
  }

  /** Tries at once instead of at the next turn. Resolves with the first answer, good or bad. */
  async retry(): Promise<void> {
    if (this.#engine === undefined) return;
    if (this.#state.kind === 'failed') {
      this.#stop();
      this.#setState({ kind: 'connecting' });
      this.#follow(this.#engine);
    }
    await this.#answer?.promise;
  }

  #stop(): void {
    this.#following?.abort();
    this.#following = undefined;
    this.#connection?.abort();
    this.#connection = undefined;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#answer?.resolve();
    this.#answer = undefined;
  }

  #follow(engine: Engine): void {
    const following = new AbortController();
    this.#following = following;
    this.#answer = openAnswer();
    void this.#read(engine, following.signal);
  }

  async #read(engine: Engine, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of engine.events(signal)) {
        if (signal.aborted) return;
        if (event.kind === 'connected') void this.#connect(engine);
        else if (event.kind === 'disconnected') this.#lose(asFailure(event.error), event.retryInMs);
        else this.#deps.onEvent(event);
      }
      if (signal.aborted) return;
      throw new Error('the engine’s events came to an end');
    } catch (error) {
      if (signal.aborted) return;
      // The port promises to go on for ever; when it does not, beginning again is all that is left.
      this.#lose(asFailure(error), retryMs);
      this.#retryLater(() => {
        this.#stop();
        this.#follow(engine);
      });
    }
  }

  async #connect(engine: Engine): Promise<void> {
    this.#connection?.abort();
    const connection = new AbortController();
    this.#connection = connection;
    const answer = this.#answer;
    const read = this.#deps.onConnected();
    try {
      const info = await engine.info({ signal: connection.signal });
      if (connection.signal.aborted) return;
      this.#hasBeenReady = true;
      this.#setState({ kind: 'ready', info });
    } catch (error) {
      if (connection.signal.aborted) return;
      this.#refused(engine, asFailure(error));
    }
    await read;
    answer?.resolve();
  }

  /** The engine takes connections but does not say what it is. */
  #refused(engine: Engine, error: DrydockError): void {
    // An old engine stays old until it is replaced, and then the connection breaks anyway.
    if (error.code === 'engineTooOld') {
      this.#lose(error, undefined);
      return;
    }
    this.#lose(error, retryMs);
    this.#retryLater(() => void this.#connect(engine));
  }

  #lose(error: DrydockError, retryInMs: number | undefined): void {
    this.#connection?.abort();
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#deps.onLost();
    const hasBeenReady = this.#hasBeenReady;
    this.#setState({
      kind: 'failed',
      error,
      hasBeenReady,
      ...(retryInMs === undefined || !Number.isFinite(retryInMs) ? {} : { retryInMs }),
    });
    this.#answer?.resolve();
  }

  #retryLater(task: () => void): void {
    this.#cancelRetry = this.#deps.timers.after(retryMs, task);
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#deps.onState();
  }
}

interface Answer {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function openAnswer(): Answer {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
