import type { EngineChoice } from './commands/context.ts';
import type { Engine } from './core/engine/engine.ts';
import { unusableEngine } from './core/engine/unusableEngine.ts';
import { DrydockError, failure, reasonOf } from './core/errors.ts';
import type { Surroundings } from './docker/endpoint.ts';

/** Holds the one engine that commands and views use, and changes it. The engine's client loads on first use. */
export class EngineInUse {
  readonly #around: Surroundings;
  readonly #onChange: (engine: Engine) => void;
  #engine: Engine | undefined;
  #latest = 0;

  constructor(around: Surroundings, onChange: (engine: Engine) => void) {
    this.#around = around;
    this.#onChange = onChange;
  }

  get current(): Engine {
    if (this.#engine === undefined) throw failure('unexpected', { reason: 'no engine was chosen yet' });
    return this.#engine;
  }

  /** Chooses the engine anew. Of several calls under way the last one counts. */
  async connect(setting: string): Promise<void> {
    this.#latest += 1;
    const turn = this.#latest;
    const engine = await this.resolve(setting);
    if (turn !== this.#latest) {
      await engine.close();
      return;
    }
    const previous = this.#engine;
    this.#engine = engine;
    this.#onChange(engine);
    await previous?.close();
  }

  /** Engines that the Docker CLI knows by name. Broken contexts are listed too; choosing one says what is wrong. */
  async choices(): Promise<readonly EngineChoice[]> {
    const { listContexts } = await import('./docker/contextStore.ts');
    const contexts = await listContexts(this.#around);
    return contexts
      .filter(({ name }) => name !== 'default')
      .map(({ name, host, description, problem }) => ({
        label: name,
        description: problem ?? [host, description].filter((part) => part !== '').join(' · '),
        host: `context:${name}`,
      }));
  }

  async close(): Promise<void> {
    this.#latest += 1;
    await this.#engine?.close();
  }

  /** An engine by a setting; one that can't be made out says why at every call. Whoever asks closes it. */
  async resolve(setting: string): Promise<Engine> {
    try {
      const [{ chooseEndpoint }, { connect }] = await Promise.all([
        import('./docker/endpoint.ts'),
        import('./docker/connect.ts'),
      ]);
      const { endpoint } = await chooseEndpoint(this.#around, setting);
      return connect(endpoint);
    } catch (error) {
      const reason =
        error instanceof DrydockError ? error : failure('unexpected', { reason: reasonOf(error) }, error);
      return unusableEngine(setting, reason);
    }
  }
}
