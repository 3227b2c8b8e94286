/** What an engine tells, parsed and in our own types. Sizes are bytes, times are milliseconds since 1970. */
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/manifest.ts';

/** `graphdriver` is the classic store; `containerd` the containerd image store, where an ID is a manifest's or an index's digest. */
export type ImageStoreKind = 'graphdriver' | 'containerd';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface EngineInfo {
  /** The engine's own ID; an engine that has none gives an empty text. */
  readonly id: string;
  readonly hostName: string;
  readonly product: 'docker' | 'podman';
  /** For example `20.10.24`. */
  readonly version: string;
  /** The version both sides agreed on, for example `1.41`. */
  readonly apiVersion: string;
  readonly imageStore: ImageStoreKind;
  readonly storageDriver: string;
  /** The folder on the engine's host that holds its data, if it tells. */
  readonly dataRoot?: string;
  readonly platform: Platform;
  /** Names of the drivers that it has; a list is left out where it does not tell. */
  readonly drivers?: {
    readonly volume?: readonly string[];
    readonly network?: readonly string[];
    readonly log?: readonly string[];
    readonly runtime?: readonly string[];
  };
}

export interface ImageSummary {
  readonly id: Digest;
  /** `repository:tag`, never `<none>:<none>`; empty for a dangling image. */
  readonly tags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly createdAtMs: number;
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The part of a container config that an image carries too. Absent and empty are the same. */
export interface RunConfig {
  readonly env: readonly string[];
  readonly command: readonly string[];
  readonly entrypoint: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
}

export interface ImageDetails {
  readonly id: Digest;
  readonly tags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly createdAtMs?: number;
  readonly sizeBytes: number;
  readonly platform: Platform;
  /** Bottom layer first. */
  readonly diffIds: readonly Digest[];
  readonly config: RunConfig;
  readonly author?: string;
  readonly comment?: string;
  /**
   * The manifests below an index whose content the engine has. Absent unless it was asked for, and where engines
   * don't tell: classic stores, and all before API 1.48.
   */
  readonly presentManifests?: readonly Digest[];
  /** What the engine holds of each of them: the bytes of the manifest and its blobs, packed as it keeps them. */
  readonly presentBytes?: ReadonlyMap<Digest, number>;
  /** The index that the image is, as far as it is told together with {@link presentManifests}. */
  readonly index?: {
    readonly mediaType: string;
    readonly sizeBytes: number;
    /** In the order of the index. */
    readonly manifests: readonly Descriptor[];
  };
  /** The engine's own JSON, for people to read. */
  readonly raw: unknown;
}

/** One step of how an image was made. */
export interface HistoryEntry {
  /** Absent where the engine says `<missing>`. */
  readonly id?: Digest;
  readonly createdAtMs?: number;
  readonly createdBy: string;
  readonly sizeBytes: number;
  readonly comment: string;
  readonly tags: readonly string[];
}

export type ContainerState =
  'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead' | 'unknown';
export type HealthState = 'none' | 'starting' | 'healthy' | 'unhealthy';

export interface PortMapping {
  readonly containerPort: number;
  readonly protocol: string;
  readonly hostIp?: string;
  readonly hostPort?: number;
}

export interface MountSummary {
  readonly type: string;
  /** The volume's name for volumes. */
  readonly name?: string;
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

export interface ContainerSummary {
  readonly id: string;
  /** Without the leading slash; the first is the container's own. */
  readonly names: readonly string[];
  /** The name or ID that the container was created from. */
  readonly image: string;
  readonly imageId: string;
  readonly command: string;
  readonly createdAtMs: number;
  readonly state: ContainerState;
  /** The engine's sentence, for example `Up 2 hours (healthy)`. */
  readonly status: string;
  readonly health: HealthState;
  readonly ports: readonly PortMapping[];
  readonly mounts: readonly MountSummary[];
  readonly labels: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
}

export interface ContainerDetails {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly state: ContainerState;
  readonly createdAtMs?: number;
  readonly platform?: string;
  /** `none` where there is no check. */
  readonly health: HealthState;
  readonly mounts: readonly MountSummary[];
  readonly config: RunConfig;
  /** Bytes of the writable layer and of the whole root file system, where the engine was asked and tells. */
  readonly writableBytes?: number;
  readonly rootfsBytes?: number;
  readonly raw: unknown;
}

export interface VolumeSummary {
  readonly name: string;
  readonly driver: string;
  readonly mountpoint: string;
  readonly createdAtMs?: number;
  readonly scope: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

export interface VolumeDetails extends VolumeSummary {
  readonly raw: unknown;
}

/** What a volume takes on disk; absent where the driver can't tell. */
export interface VolumeUsage {
  readonly name: string;
  readonly sizeBytes?: number;
  readonly refCount?: number;
}

export interface LoadOutcome {
  /** Names the engine says it loaded. */
  readonly names: readonly string[];
  /** IDs the engine says it loaded without a name. */
  readonly ids: readonly Digest[];
  /** Other sentences of the engine, such as that a tag moved. */
  readonly remarks: readonly string[];
}

export interface Removal {
  readonly kind: 'untagged' | 'deleted';
  readonly ref: string;
}

export type EngineEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly error: Error; readonly retryInMs: number }
  | {
      readonly kind: 'image' | 'container' | 'volume' | 'network';
      /** For example `tag`, `untag`, `delete`, `load`, `create`, `start`, `die`, `health_status: healthy`. */
      readonly action: string;
      /** An image's ID or name, a container's ID, a volume's name, a network's ID. */
      readonly subject: string;
      readonly attributes: Readonly<Record<string, string>>;
      readonly timeMs: number;
    };

/** An object of the engine's own JSON, checked in size and depth and no further. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** One path of a container's root file system that is not as in its image. */
export interface FileChange {
  readonly path: string;
  readonly kind: 'modified' | 'added' | 'deleted';
}

/** How a command in a container ended. */
export interface ExecOutcome {
  readonly exitCode: number;
  /** What it printed, both streams, at most the last 64 KiB. */
  readonly output: string;
}

/** What a path in a container is. */
export interface PathStat {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'device' | 'fifo' | 'socket' | 'other';
  readonly sizeBytes: number;
  /** Permission bits with setuid, setgid and sticky, as in st_mode. */
  readonly mode: number;
  readonly mtimeMs: number;
  readonly linkTarget: string;
}

export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly scope: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface NetworkDetails extends NetworkSummary {
  readonly isInternal: boolean;
  readonly isAttachable: boolean;
  readonly isIpv6Enabled: boolean;
  readonly options: Readonly<Record<string, string>>;
  /** As the engine's API has it: Driver, Options, Config with Subnet, IPRange, Gateway, AuxiliaryAddresses. */
  readonly ipam: JsonObject;
  readonly raw: unknown;
}
