import { tarEnd } from '../archive/tarWriter.ts';
import type { Engine } from '../engine/engine.ts';
import { helperLabel } from '../engine/helperLabel.ts';
import type { JsonObject } from '../engine/records.ts';
import { DrydockError, failure } from '../errors.ts';
import { madeUpName, noteEngine, type EngineNote } from '../recovery/engineNotes.ts';
import type { VaultSession } from '../vault/vaultSession.ts';

/** What work on volumes needs: the engine, what its notes know it by (`engineKey`), and a session for its notes. */
export interface VolumeDeps {
  readonly engine: Engine;
  readonly engineId: string;
  readonly session: VaultSession;
}

/** What a helper container needs. Its maker notes it in a vault's journal, or else on the helper itself. */
export interface HelperDeps {
  readonly engine: Engine;
  readonly engineId: string;
  readonly session: {
    readonly operationId: string;
    readonly journal: Pick<VaultSession['journal'], 'note' | 'settle'>;
  };
  /** Put on the container and on its image, beside `helperLabel`. Values without spaces and quotes. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a helper container has mounted at {@link mountPath}. */
export interface HelperMount {
  readonly kind: 'volume' | 'bind';
  /** A volume's name, or a path on the engine's host. */
  readonly source: string;
  readonly isReadOnly: boolean;
}

export const mountPath = '/v';

/** What the names of the images begin with that helper containers are made of. */
export const helperImages = 'localhost/drydock-helper:';

/**
 * Does `work` with a container that has a volume mounted, and removes it whatever happens. It is made of an image
 * without a file and never started: engines give and take files of a mount all the same, so no image is pulled and
 * nothing runs.
 *
 * An engine makes a volume that is not there; so one that vanished just before leaves one with a label of ours,
 * which is removed. Rejects with `engineNotFound` then.
 */
export async function withHelperContainer<T>(
  deps: HelperDeps,
  mount: HelperMount,
  signal: AbortSignal,
  work: (container: string) => Promise<T>,
): Promise<T> {
  const { containers, images, volumes } = deps.engine;
  const name = madeUpName('helper');
  const image = `${helperImages}${name.slice(-16)}`;
  const isVolume = mount.kind === 'volume';
  let isMadeByEngine = false;
  const makeContainer = async (): Promise<void> => {
    // Without the signal: cut off in its middle the engine would go on, and nobody know of it.
    await containers.create({
      name,
      body: helperBody(image, { [helperLabel]: name, ...deps.labels }, mount),
    });
    if (!isVolume) return;
    isMadeByEngine = (await volumes.inspect(mount.source)).labels[helperLabel] === name;
    if (isMadeByEngine) throw failure('engineNotFound', { kind: 'volume', name: mount.source });
  };
  const withContainer = async (): Promise<T> => {
    const container = {
      note: { kind: 'removeContainer', name },
      make: makeContainer,
      remove: () => containers.remove(name, { force: true }),
    } as const;
    try {
      return await whileItIsThere(deps, container, signal, () => work(name));
    } finally {
      if (isMadeByEngine) await volumes.remove(mount.source);
    }
  };
  const emptyImage = {
    note: { kind: 'removeImage', name: image },
    make: async () => {
      const labels = { [helperLabel]: deps.session.operationId, ...deps.labels };
      const changes = Object.entries(labels).map(([label, value]) => `LABEL ${label}=${value}`);
      await images.importRootfs(emptyTar(), { name: image, changes });
    },
    remove: () => images.remove(image),
  } as const;
  return await whileItIsThere(deps, emptyImage, signal, withContainer);
}

interface Passing {
  readonly note: EngineNote;
  readonly make: () => Promise<void>;
  readonly remove: () => Promise<unknown>;
}

async function whileItIsThere<T>(
  { session, engineId }: HelperDeps,
  { note, make, remove }: Passing,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const number = await noteEngine(session, engineId, note);
  const clear = async (): Promise<void> => {
    try {
      await remove();
    } catch (error) {
      if (!(error instanceof DrydockError && error.code === 'engineNotFound')) throw error;
    }
    await session.journal.settle(number);
  };
  let result: T;
  try {
    await make();
    signal.throwIfAborted();
    result = await work();
  } catch (error) {
    // Where this fails too its note stays open, and recovery goes on from there.
    await clear().catch(() => undefined);
    throw error;
  }
  await clear();
  return result;
}

function helperBody(
  image: string,
  labels: { readonly [helperLabel]: string },
  { kind, source, isReadOnly }: HelperMount,
): JsonObject {
  // By this the engine tells whether it made the volume for the helper.
  const ofVolume = { VolumeOptions: { NoCopy: true, Labels: { [helperLabel]: labels[helperLabel] } } };
  const mount: JsonObject = {
    Type: kind,
    Source: source,
    Target: mountPath,
    ReadOnly: isReadOnly,
    ...(kind === 'volume' && ofVolume),
  };
  return {
    Image: image,
    Cmd: ['x'],
    Labels: labels,
    HostConfig: { NetworkMode: 'none', Mounts: [mount] },
  };
}

async function* emptyTar(): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(tarEnd);
}
