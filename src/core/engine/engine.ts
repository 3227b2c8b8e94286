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
  ExecOutcome,
  FileChange,
  HistoryEntry,
  ImageDetails,
  ImageSummary,
  JsonObject,
  LoadOutcome,
  NetworkDetails,
  NetworkSummary,
  PathStat,
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
  /**
   * `ref` is an ID, a short ID or a name. `withManifests` asks for `presentManifests`, for which the engine looks
   * through its content. Rejects with `engineNotFound`.
   */
  inspect(ref: string, options?: CallOptions & { readonly withManifests?: boolean }): Promise<ImageDetails>;
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
  /**
   * Has the engine log in to a registry, which shows whether it gets there. The engine keeps nothing of it. Rejects
   * with `engineRefused` where it does not. Podman can only be asked to pull what is not there: whether it got there
   * the registry knows, and this resolves all the same.
   */
  checkLogIn(logIn: RegistryLogIn, options?: CallOptions): Promise<void>;
  /**
   * Has the engine push the image `name` (`HOST:PORT/repository:tag`) to the registry in it. Docker pushes what has
   * that name; Podman pushes `ref` to there where it is given, and the image needs no such name. Rejects with
   * `engineRefused` on any error in its answer, also on those that come with status 200.
   */
  push(
    name: string,
    logIn: RegistryLogIn,
    options?: CallOptions & {
      readonly ref?: string;
      readonly onProgress?: (progress: LoadProgress) => void;
    },
  ): Promise<void>;
  /** Makes an image of one layer out of a root file system's tar. Resolves with its ID. */
  importRootfs(
    tar: AsyncIterable<Uint8Array>,
    input: { readonly name?: string; readonly message?: string; readonly changes?: readonly string[] },
    options?: CallOptions,
  ): Promise<Digest>;
}

/** Where an engine pushes to, and how it logs in there. */
export interface RegistryLogIn {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly username: string;
  readonly password: string;
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
  /**
   * Makes a container out of a create-body as the engine's API defines it (`POST /containers/create`), and does not
   * start it. Rejects with `engineConflict` when the name is taken.
   */
  create(
    input: { readonly name?: string; readonly body: JsonObject; readonly platform?: string },
    options?: CallOptions,
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  rename(ref: string, name: string, options?: CallOptions): Promise<void>;
  /** Paths of the root file system that differ from the image's; mounts are not looked into. */
  changes(ref: string, options?: CallOptions): Promise<readonly FileChange[]>;
  /** Runs a command in a running container and waits for its end. What it prints beyond 64 KiB is dropped. */
  exec(
    ref: string,
    input: { readonly command: readonly string[]; readonly user?: string },
    options?: CallOptions,
  ): Promise<ExecOutcome>;
  /** What `path` is, mounts included, or undefined where there is nothing. The container need not run. */
  statPath(ref: string, path: string, options?: CallOptions): Promise<PathStat | undefined>;
  /**
   * The tar of a path, mounts included. Entries are named by the path's last part (`/a/b` gives `b/…`). Checked like
   * `ImageStore.save`: a file that shrank while the engine read it cuts the tar there, and the stream fails with
   * `streamCut`. Rejects with `engineNotFound`. Podman gives every file to the container's user, and leaves the name
   * of a mount's root away.
   */
  readArchive(ref: string, path: string, options?: CallOptions): Promise<Readable>;
  /**
   * Unpacks a plain tar into the folder `path`. Not atomic, removes nothing, and a tar that ends early between two
   * entries counts as whole for the engine: send only what was checked. Podman takes `/` for the root file system
   * without its mounts; Docker before 29.7 refuses relative links that leave `path`, so give it `/`.
   */
  writeArchive(
    ref: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options?: CallOptions,
  ): Promise<void>;
}

/** Networks. A `NetworkDetails` holds all that is needed to make the network again. */
export interface NetworkStore {
  list(options?: CallOptions): Promise<readonly NetworkSummary[]>;
  inspect(ref: string, options?: CallOptions): Promise<NetworkDetails>;
  /** Resolves with the ID. Rejects with `engineConflict` when the name is taken, also where the engine would allow it. */
  create(input: Omit<NetworkDetails, 'id' | 'raw' | 'scope'>, options?: CallOptions): Promise<string>;
  remove(ref: string, options?: CallOptions): Promise<void>;
  /** `endpoint` is an EndpointConfig of the engine's API: aliases, IPAMConfig and the like. */
  connect(ref: string, container: string, endpoint: JsonObject, options?: CallOptions): Promise<void>;
  disconnect(ref: string, container: string, options?: CallOptions): Promise<void>;
}

/**
 * A volume's data as one tar, where the engine gives that itself (Podman). Entries are named from the volume's root,
 * with no `./` before them, and the root has none of its own: its owner can't be had, nor set by a write.
 */
export interface VolumeArchives {
  read(name: string, options?: CallOptions): Promise<Readable>;
  /** Unpacks into the volume; like `ContainerStore.writeArchive` in what it does not promise. */
  write(name: string, tar: AsyncIterable<Uint8Array>, options?: CallOptions): Promise<void>;
}

export interface VolumeStore {
  list(options?: CallOptions): Promise<readonly VolumeSummary[]>;
  inspect(name: string, options?: CallOptions): Promise<VolumeDetails>;
  /** Walks every volume on the engine's host: slow. Ask only when a person asked. */
  usage(options?: CallOptions): Promise<readonly VolumeUsage[]>;
  remove(name: string, options?: CallOptions): Promise<void>;
  /**
   * Makes a volume. Engines answer with the existing one when the name is taken, so look first. Leaving `name` out
   * has the engine make one up, for an anonymous volume.
   */
  create(
    input: {
      readonly name?: string;
      readonly driver: string;
      readonly options: Readonly<Record<string, string>>;
      readonly labels: Readonly<Record<string, string>>;
    },
    options?: CallOptions,
  ): Promise<VolumeDetails>;
  /**
   * Present where data goes through the engine's own volume archives and not through a container's files. Rejects
   * with `podmanTooOld` where neither way keeps owners.
   */
  archives(options?: CallOptions): Promise<VolumeArchives | undefined>;
}

/** One Docker-API endpoint. */
export interface Engine {
  /** The address in the form that DOCKER_HOST takes, without secrets: what people are shown. */
  readonly endpoint: string;
  info(options?: CallOptions): Promise<EngineInfo>;
  readonly images: ImageStore;
  readonly containers: ContainerStore;
  readonly volumes: VolumeStore;
  readonly networks: NetworkStore;
  /**
   * What happens on the engine, from now on, for ever: when the connection is lost it is made again, with
   * growing pauses, until `signal` fires. The first item is always a `connected` or a `disconnected`. After a
   * `connected` the reader must list anew, since events may have been missed.
   */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>;
  /** Lets go of sockets and helper processes. */
  close(): Promise<void>;
}
