/**
 * The port that core needs from a container engine, in our own types. `docker/` implements it over the Docker
 * API; tests implement it in memory where a fault can't be had from a real engine.
 *
 * Promises reject with a DrydockError (`core/errors.ts`) whose code starts with `engine`, `stream` or `load`, or with an AbortError when `signal`
 * fired. Every call that returns a value has a deadline of its own. Streams of bytes either end after the last
 * byte or fail: a cut body, and an error that the engine put inside a 200, are failures of the stream.
 */
import type { Readable } from 'node:stream';
import type { Digest } from '../digest.ts';
import type {
  ContainerDetails,
  ContainerSummary,
  EngineEvent,
  EngineInfo,
  HistoryEntry,
  ImageDetails,
  ImageSummary,
  LoadOutcome,
  Removal,
  VolumeDetails,
  VolumeSummary,
  VolumeUsage,
} from './records.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Progress of a load as the engine tells it: bytes of the layer it works on. */
export interface LoadProgress {
  readonly item: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface ImageStore {
  list(options?: CallOptions): Promise<readonly ImageSummary[]>;
  /** `ref` is an ID, a short ID or a name. Rejects with `engineNotFound`. */
  inspect(ref: string, options?: CallOptions): Promise<ImageDetails>;
  /** Newest first, as the engine gives it. */
  history(ref: string, options?: CallOptions): Promise<readonly HistoryEntry[]>;
  /**
   * The tar of `GET /images/get` for all of `refs` in one request, so that shared layers are sent once. The
   * stream is checked as every stream of this port, and it also fails when the tar has no end mark.
   */
  save(refs: readonly string[], options?: CallOptions): Promise<Readable>;
  /**
   * Sends a tar. Resolves with what the engine says it loaded, rejects with `loadFailed` on any error in its
   * answer, also on those that come with status 200. Destroys `archive` when the engine refuses early.
   */
  load(
    archive: AsyncIterable<Uint8Array>,
    options?: CallOptions & { readonly onProgress?: (progress: LoadProgress) => void },
  ): Promise<LoadOutcome>;
  /** Puts `name` (`repository:tag`) on an image; an image that had the name loses it. */
  tag(ref: string, name: string, options?: CallOptions): Promise<void>;
  /** Removes one name, or the image with all its names when `force` is set or it has no other name. */
  remove(ref: string, options?: CallOptions & { readonly force?: boolean }): Promise<readonly Removal[]>;
  /** Makes an image of one layer out of a root file system's tar. Resolves with its ID. */
  importRootfs(
    tar: AsyncIterable<Uint8Array>,
    input: { readonly name?: string; readonly message?: string; readonly changes?: readonly string[] },
    options?: CallOptions,
  ): Promise<Digest>;
}

export interface CommitInput {
  readonly name?: string;
  readonly message?: string;
  readonly author?: string;
  /** Whether the container stands still while its files are read. */
  readonly pause: boolean;
  /** Dockerfile instructions, one each, for example `CMD ["sh"]`. */
  readonly changes?: readonly string[];
}

export interface ContainerStore {
  /** All containers, running or not. */
  list(options?: CallOptions): Promise<readonly ContainerSummary[]>;
  /** `withSize` has the engine read the container's whole file tree: slow. Ask only when a person asked. */
  inspect(ref: string, options?: CallOptions & { readonly withSize?: boolean }): Promise<ContainerDetails>;
  start(ref: string, options?: CallOptions): Promise<void>;
  stop(ref: string, options?: CallOptions & { readonly graceSeconds?: number }): Promise<void>;
  pause(ref: string, options?: CallOptions): Promise<void>;
  unpause(ref: string, options?: CallOptions): Promise<void>;
  /** Removes a container, with its anonymous volumes if asked. */
  remove(
    ref: string,
    options?: CallOptions & { readonly force?: boolean; readonly anonymousVolumes?: boolean },
  ): Promise<void>;
  /** The flattened root file system as a tar, without volumes. Checked like `ImageStore.save`. */
  exportRootfs(ref: string, options?: CallOptions): Promise<Readable>;
  commit(ref: string, input: CommitInput, options?: CallOptions): Promise<Digest>;
}

export interface VolumeStore {
  list(options?: CallOptions): Promise<readonly VolumeSummary[]>;
  inspect(name: string, options?: CallOptions): Promise<VolumeDetails>;
  /** Walks every volume on the engine's host: slow. Ask only when a person asked. */
  usage(options?: CallOptions): Promise<readonly VolumeUsage[]>;
  remove(name: string, options?: CallOptions): Promise<void>;
}

/** One Docker-API endpoint. */
export interface Engine {
  /** The address in the form that DOCKER_HOST takes, without secrets: what people are shown. */
  readonly endpoint: string;
  info(options?: CallOptions): Promise<EngineInfo>;
  readonly images: ImageStore;
  readonly containers: ContainerStore;
  readonly volumes: VolumeStore;
  /**
   * What happens on the engine, from now on, for ever: when the connection is lost it is made again, with
   * growing pauses, until `signal` fires. The first item is always a `connected` or a `disconnected`. After a
   * `connected` the reader must list anew, since events may have been missed.
   */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>;
  /** Lets go of sockets and helper processes. */
  close(): Promise<void>;
}
