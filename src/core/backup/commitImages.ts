import { randomBytes } from 'node:crypto';
import type { Digest } from '../digest.ts';
import type { ContainerDetails, FileChange } from '../engine/records.ts';
import { DrydockError, failure } from '../errors.ts';
import { noteEngine } from '../recovery/engineNotes.ts';
import { isRefusal } from './standstill.ts';
import type { ConsistencyDeps } from './withConsistency.ts';

/** What the names of images of changes begin with. */
export const commitImages = 'localhost/drydock-commit:';

/** Makes an image of a container as it is now; undefined when it has no changes of its own. */
export type CommitChanges = (container: ContainerDetails) => Promise<Digest | undefined>;

/**
 * Does `work`, which may make images of containers, and removes these images whatever happens. Each is noted before it
 * is made.
 */
export async function withCommits<T>(
  { engine, engineId, session }: ConsistencyDeps,
  signal: AbortSignal,
  work: (commit: CommitChanges) => Promise<T>,
): Promise<T> {
  const made: { readonly name: string; readonly note: number; mayStillCome: boolean }[] = [];
  const commit: CommitChanges = async (container) => {
    const { id } = container;
    const changes = await engine.containers.changes(id, { signal });
    if (changes.every((change) => isMountPoint(change, container))) return undefined;
    signal.throwIfAborted();
    const name = `${commitImages}${randomBytes(8).toString('hex')}`;
    const note = await noteEngine(session, engineId, { kind: 'removeImage', name });
    const one = { name, note, mayStillCome: false };
    made.push(one);
    // Without the signal: the engine makes it whether anybody waits or not, and only then can it be removed. Whoever
    // calls this has paused the container, or wants it to go on.
    const image = await engine.containers.commit(id, { name, pause: false }).catch((error: unknown) => {
      one.mayStillCome = !isRefusal(error);
      throw error;
    });
    await requireBase(container, image, signal);
    return image;
  };
  const requireBase = async (
    { imageId, name }: ContainerDetails,
    image: Digest,
    cancel: AbortSignal,
  ): Promise<void> => {
    const base = await engine.images.inspect(imageId, { signal: cancel });
    const { diffIds } = await engine.images.inspect(image, { signal: cancel });
    if (base.diffIds.every((diffId, index) => diffId === diffIds[index])) return;
    throw failure('loadMismatch', { name, reason: 'the layers of its image are not below it' });
  };
  const clear = async (): Promise<void> => {
    for (const { name, note, mayStillCome } of made.splice(0)) {
      try {
        await engine.images.remove(name);
      } catch (error) {
        if (!(error instanceof DrydockError && error.code === 'engineNotFound')) throw error;
        // An engine that gave no answer may make it yet: whoever starts next looks again.
        if (mayStillCome) continue;
      }
      await session.journal.settle(note);
    }
  };
  let value: T;
  try {
    value = await work(commit);
  } catch (error) {
    // Where this fails too its note stays open, and recovery goes on from there.
    await clear().catch(() => undefined);
    throw error;
  }
  await clear();
  return value;
}

/** An engine makes the folder that something is mounted on, where the image has none. */
function isMountPoint({ path, kind }: FileChange, { mounts }: ContainerDetails): boolean {
  return kind === 'added' && mounts.some(({ target }) => target.replace(/\/+$/, '') === path);
}
