import type { Engine } from '../core/engine/engine.ts';
import type { ContainerChanges } from '../core/fileTrees/containerChanges.ts';
import type { LiveFile, LiveFiles } from '../core/fileTrees/liveFiles.ts';
import type { LiveEntry, LiveNode } from '../core/fileTrees/liveTree.ts';
import type { Operation } from '../core/progress.ts';
import type { ProcessIdentity } from '../core/vault/processIdentity.ts';
import type { HelperDeps } from '../core/volumes/helperContainer.ts';
import type { ContainerSource, LiveSource } from '../core/fileTrees/liveSource.ts';

export interface LiveSourcesDeps {
  readonly engine: () => Engine;
  /** All files of an image, where that takes no transfer. */
  readonly imageRoot: (imageId: string) => Promise<LiveNode | undefined>;
  /** Runs what may take long with the means to cancel it. */
  readonly run: <T>(source: LiveSource, work: (operation: Operation) => Promise<T>) => Promise<T>;
}

interface OpenSource {
  readonly files: LiveFiles;
  changes?: Promise<ContainerChanges>;
}

/** Listings stay in memory for so many containers and volumes. */
const mostOpen = 8;

/**
 * Containers and volumes of the engine in use whose files are looked at. What was listed stays until somebody asks to
 * look again; the bytes of files are always those of now. The code that reads them loads with the first.
 */
export class LiveSources {
  readonly #deps: LiveSourcesDeps;
  readonly #open = new Map<string, Promise<OpenSource>>();
  readonly #listeners = new Set<(source: LiveSource) => void>();

  constructor(deps: LiveSourcesDeps) {
    this.#deps = deps;
  }

  /** What is in a folder of it. Rejects as `LiveFiles.list` does. */
  async list(source: LiveSource, path: string): Promise<readonly LiveEntry[]> {
    const { files } = await this.#opened(source);
    return this.#deps.run(source, (operation) => files.list(path, operation));
  }

  /** What a container changed; once for all who ask. */
  async changes(source: ContainerSource): Promise<ContainerChanges> {
    const open = await this.#opened(source);
    open.changes ??= this.#changesOf(source);
    try {
      return await open.changes;
    } catch (error) {
      delete open.changes;
      throw error;
    }
  }

  async files(source: LiveSource): Promise<LiveFiles> {
    return (await this.#opened(source)).files;
  }

  /** A file as it is now. It is let go when the reader goes on. */
  async *read(
    source: LiveSource,
    path: string,
    operation: Pick<Operation, 'signal'>,
  ): AsyncGenerator<LiveFile, void, undefined> {
    const { liveFile } = await import('../core/fileTrees/liveFiles.ts');
    yield* liveFile(await this.files(source), path, operation);
  }

  /** A file as the image of a container has it. */
  async *readOfImage(
    { id, name }: ContainerSource,
    path: string,
    { signal }: Pick<Operation, 'signal'>,
  ): AsyncGenerator<LiveFile, void, undefined> {
    const [{ makeImageContainer }, { containerFiles, liveFile }, owner] = await Promise.all([
      import('../core/fileTrees/imageContainer.ts'),
      import('../core/fileTrees/liveFiles.ts'),
      thisProcess(),
    ]);
    const engine = this.#deps.engine();
    const { imageId } = await engine.containers.inspect(id, { signal });
    const container = await makeImageContainer({ engine, owner }, imageId, signal);
    try {
      yield* liveFile(containerFiles({ engine }, { id: container.id, name }), path, { signal });
    } finally {
      await container.remove();
    }
  }

  /** Helpers that belong to this process, for work on volumes. */
  async helpers(): Promise<HelperDeps> {
    const [{ ownedHelpers }, owner] = await Promise.all([
      import('../core/volumes/ownedHelpers.ts'),
      thisProcess(),
    ]);
    return ownedHelpers({ engine: this.#deps.engine(), owner });
  }

  /** Removes helpers that killed processes left on the engine. */
  async sweep(signal: AbortSignal): Promise<number> {
    const [{ sweepHelpers }, owner] = await Promise.all([
      import('../core/volumes/ownedHelpers.ts'),
      thisProcess(),
    ]);
    return sweepHelpers({ engine: this.#deps.engine(), owner }, { signal });
  }

  /** Forgets what was listed of it. */
  refresh(source: LiveSource): void {
    this.#open.delete(this.#keyOf(source));
    for (const listener of [...this.#listeners]) listener(source);
  }

  onDidRefresh(listener: (source: LiveSource) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  async #changesOf(source: ContainerSource): Promise<ContainerChanges> {
    const { containerChanges } = await import('../core/fileTrees/containerChanges.ts');
    const engine = this.#deps.engine();
    return this.#deps.run(source, (operation) =>
      containerChanges({ engine }, { container: source.id }, operation),
    );
  }

  #opened(source: LiveSource): Promise<OpenSource> {
    const key = this.#keyOf(source);
    const open = this.#open.get(key) ?? this.#make(source);
    this.#open.delete(key);
    this.#open.set(key, open);
    for (const oldest of [...this.#open.keys()].slice(0, -mostOpen)) this.#open.delete(oldest);
    return open;
  }

  async #make(source: LiveSource): Promise<OpenSource> {
    const { containerFiles, volumeFiles } = await import('../core/fileTrees/liveFiles.ts');
    const { engine, imageRoot } = this.#deps;
    const files =
      source.kind === 'container'
        ? containerFiles({ engine: engine(), imageRoot }, source)
        : volumeFiles(await this.helpers(), source.name);
    return { files };
  }

  #keyOf(source: LiveSource): string {
    const { endpoint } = this.#deps.engine();
    return [endpoint, source.kind, source.kind === 'container' ? source.id : source.name].join('\n');
  }
}

async function thisProcess(): Promise<ProcessIdentity> {
  const { currentProcess } = await import('../core/vault/processIdentity.ts');
  return currentProcess();
}
