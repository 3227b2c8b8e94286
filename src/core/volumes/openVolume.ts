import type { Readable } from 'node:stream';
import { sendWhole } from '../engine/sendWhole.ts';
import type { VolumeArchives } from '../engine/engine.ts';
import type { VolumeDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { mountPath, withHelperContainer, type HelperDeps } from './helperContainer.ts';

/** A volume, or a folder of the engine's host, whose data can be read or written now. */
export interface OpenVolume {
  /** For people and failures: the volume's name, or the path. */
  readonly name: string;
  readonly kind: 'volume' | 'bind';
  /** As the engine knows it; it can't go while it is open. Left out for a folder. */
  readonly details?: VolumeDetails;
  /** How entries are named: the root folder's is `root` itself, for example `v/`; empty where names start below it. */
  readonly root: string;
  /** Whether the root folder's own entry is sure to come. */
  readonly hasRootEntry: boolean;
  /** All of its data as a tar that fails unless it is whole. To be read to its end, or destroyed, before the next call. */
  read(signal: AbortSignal): Promise<Readable>;
  /**
   * The tar of one path below the root, without a slash at its start: entries are named by its last part, and nothing
   * is read around it. Left out where only all of it can be had. Rejects with `engineNotFound`.
   */
  readonly readPath?: (path: string, signal: AbortSignal) => Promise<Readable>;
  /** Unpacks a tar into it; nothing that is there goes but what stands in the way. */
  write(tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
}

export interface VolumeToOpen {
  readonly kind: 'volume' | 'bind';
  /** The volume's name, or the path on the engine's host. */
  readonly name: string;
  readonly access: 'read' | 'write';
}

/**
 * Does `work` with an open volume: through the engine's own archives where it has such, else through a helper
 * container. Never makes one. Rejects with `engineNotFound` where there is none, with `volumeOwnersUnknown` or
 * `bindUnreadable` where the engine would lose whose the files are.
 */
export async function withOpenVolume<T>(
  deps: HelperDeps,
  { kind, name, access }: VolumeToOpen,
  signal: AbortSignal,
  work: (volume: OpenVolume) => Promise<T>,
): Promise<T> {
  const { containers, volumes } = deps.engine;
  const archives = await volumes.archives({ signal });
  if (kind === 'volume') {
    const details = await volumes.inspect(name, { signal });
    if (archives !== undefined) return await work(throughArchives(archives, details));
  }
  // A Podman gives all files of a container to root, when it hands them out and when it takes them.
  if (archives !== undefined || (await deps.engine.info({ signal })).product === 'podman')
    throw failure(kind === 'bind' ? 'bindUnreadable' : 'volumeOwnersUnknown', { name });
  const mount = { kind, source: name, isReadOnly: access === 'read' } as const;
  return await withHelperContainer(deps, mount, signal, async (container) => {
    const details = kind === 'volume' ? await volumes.inspect(name, { signal }) : undefined;
    return await work({
      name,
      kind,
      ...(details && { details }),
      root: `${mountPath.slice(1)}/`,
      hasRootEntry: true,
      read: (cancel) => containers.readArchive(container, mountPath, { signal: cancel }),
      readPath: (path, cancel) =>
        containers.readArchive(container, `${mountPath}/${path}`, { signal: cancel }),
      // Into `/`: engines refuse links that lead out of the folder which they unpack into.
      write: (tar, cancel) =>
        sendWhole(tar, cancel, (bytes, cut) =>
          containers.writeArchive(container, '/', bytes, { signal: cut }),
        ),
    });
  });
}

function throughArchives(archives: VolumeArchives, details: VolumeDetails): OpenVolume {
  const { name } = details;
  return {
    name,
    kind: 'volume',
    details,
    root: '',
    hasRootEntry: false,
    read: (signal) => archives.read(name, { signal }),
    write: (tar, signal) =>
      sendWhole(tar, signal, (bytes, cut) => archives.write(name, bytes, { signal: cut })),
  };
}
