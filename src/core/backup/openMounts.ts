import { DrydockError, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import { captureOpen, type VolumeCapture } from '../volumes/captureVolume.ts';
import type { VolumeDeps } from '../volumes/helperContainer.ts';
import { withOpenVolume, type OpenVolume } from '../volumes/openVolume.ts';
import { mayHaveOtherWriters, writersOf } from '../volumes/volumeUsers.ts';
import { unlessStuck } from './unlessStuck.ts';

/** What is to be read: a volume's name, or a path on the engine's host. */
export interface MountToRead {
  readonly kind: 'volume' | 'bind';
  readonly name: string;
}

/**
 * Does `work` with all of them open, so that nothing is paused for what can be made ready before. A folder of the host
 * that the engine can't give is told to `onUnreadable` and left out; a volume that can't be opened ends it.
 */
export async function withOpenMounts<T>(
  deps: VolumeDeps,
  mounts: readonly MountToRead[],
  { signal, onUnreadable }: { readonly signal: AbortSignal; readonly onUnreadable: (remark: Remark) => void },
  work: (open: readonly OpenVolume[]) => Promise<T>,
): Promise<T> {
  const next = async (index: number, open: readonly OpenVolume[]): Promise<T> => {
    const mount = mounts[index];
    if (mount === undefined) return await work(open);
    const state = { isOpen: false };
    try {
      return await withOpenVolume(deps, { ...mount, access: 'read' }, signal, (volume) => {
        state.isOpen = true;
        return next(index + 1, [...open, volume]);
      });
    } catch (error) {
      if (state.isOpen || mount.kind === 'volume' || !isRefusal(error)) throw error;
      onUnreadable({ kind: 'bind', subject: mount.name, detail: reasonOf(error) });
      return await next(index + 1, open);
    }
  };
  return await next(0, []);
}

/** Captures what is open, each as `captureMount` does. */
export async function captureMounts(
  deps: VolumeDeps,
  open: readonly OpenVolume[],
  { onUnreadable }: { readonly onUnreadable: (remark: Remark) => void },
  operation: Operation,
): Promise<readonly VolumeCapture[]> {
  const captures: VolumeCapture[] = [];
  for (const volume of open)
    try {
      captures.push(await captureMount(deps, volume, operation));
    } catch (error) {
      if (volume.kind === 'volume' || !isRefusal(error)) throw error;
      onUnreadable({ kind: 'bind', subject: volume.name, detail: reasonOf(error) });
    }
  return captures;
}

/** Captures one: what something running may write to is read twice, and who came later is named. */
export async function captureMount(
  deps: VolumeDeps,
  volume: OpenVolume,
  operation: Operation,
): Promise<VolumeCapture> {
  const { signal } = operation;
  const writersNow = async (): Promise<ReadonlyMap<string, string>> => {
    // Who writes to a folder of the host nobody can tell.
    if (volume.kind === 'bind') return new Map();
    const writers = writersOf(volume.name, await deps.engine.containers.list({ signal }));
    const active = writers.filter(({ state }) => state === 'running' || state === 'restarting');
    return new Map(active.map(({ id, names: [own = id] }) => [id, own]));
  };
  const before = await writersNow();
  const isWrittenMeanwhile = before.size > 0 || mayHaveOtherWriters(volume.details);
  const capture = await unlessStuck(volume.name, operation, (during) =>
    captureOpen(deps, volume, { isWrittenMeanwhile }, during),
  );
  const late = [...(await writersNow())].filter(([id]) => !before.has(id));
  const remarks = late.map(([, subject]): Remark => ({
    kind: 'notPaused',
    subject,
    detail: 'it came while the volume was read',
  }));
  return {
    ...capture,
    document: { ...capture.document, remarks: [...remarks, ...capture.document.remarks] },
  };
}

/** Whether the engine was asked and has not got the thing, or not in a way that can be read. */
function isRefusal(error: unknown): boolean {
  const codes: readonly string[] = ['bindUnreadable', 'volumeUnreadable', 'engineNotFound', 'engineRefused'];
  return error instanceof DrydockError && codes.includes(error.code);
}
