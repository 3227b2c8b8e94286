import type { Digest } from '../core/digest.ts';
import type { ContainerSource, LiveSource } from '../core/fileTrees/liveSource.ts';
import type { HistoryEntry } from '../core/engine/records.ts';
import type { ChangeKind } from '../core/fileTrees/changeKind.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import type { HistoryStep } from '../core/inspect/layerPlace.ts';
import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { SnapshotSource } from '../core/snapshot/snapshot.ts';

/**
 * What a command is given when it is started from a tree. Nodes hold ids and what is shown, never clients; the
 * classes that implement these shapes stand one to a file beside this one.
 */
export interface RepositoryNode {
  readonly kind: 'repository';
  readonly repository: string;
  readonly images: readonly ImageNode[];
}

/** One tag of an image, or an image without any. */
export interface ImageNode {
  readonly kind: 'image';
  readonly id: Digest;
  /** `repository:tag`; absent for a dangling image. */
  readonly tag?: string;
}

export interface LayerNode {
  readonly kind: 'layer';
  readonly imageId: Digest;
  readonly tag?: string;
  /** Absent for a layer that the image's history does not mention. */
  readonly entry?: HistoryEntry;
  /** Where it stands in the history. */
  readonly step?: HistoryStep;
}

/** A file or a folder of an image or of one of its layers; with an empty path all of it. */
export interface FileNode {
  readonly kind: 'file';
  readonly place: FilePlace;
  readonly isFolder: boolean;
  /** What its layer did to it. */
  readonly change?: ChangeKind;
}

/** Stands for the rest of a large folder. */
export interface MoreNode {
  readonly kind: 'more';
  readonly place: FilePlace;
}

export interface ProjectNode {
  readonly kind: 'project';
  readonly project: string;
  readonly containers: readonly ContainerNode[];
}

export interface ContainerNode {
  readonly kind: 'container';
  readonly id: string;
  readonly name: string;
}

export interface VolumeNode {
  readonly kind: 'volume';
  readonly name: string;
}

/** Stands for all files of a container or a volume. */
export interface LiveFilesNode {
  readonly kind: 'liveFiles';
  readonly source: LiveSource;
}

/** Stands for what a container changed against its image. */
export interface ChangesNode {
  readonly kind: 'changes';
  readonly source: ContainerSource;
}

/** A file or a folder in one of them. */
export interface LiveFileNode {
  readonly kind: 'liveFile';
  readonly source: LiveSource;
  /** As `entryNames.ts` writes paths. */
  readonly path: string;
  readonly isFolder: boolean;
  /** Set below `changes` alone; left out there for a folder that only has changes in it. */
  readonly change?: 'added' | 'modified' | 'deleted';
}

/** A line below a container: something it is made of or uses. */
export interface DetailNode {
  readonly kind: 'detail';
  readonly about: 'image' | 'size' | 'mount' | 'port' | 'network';
}

/** A vault of the settings, by its folder. */
export interface VaultNode {
  readonly kind: 'vault';
  readonly path: string;
  readonly name: string;
}

/** What snapshots of a vault are of. */
export interface SourceNode {
  readonly kind: 'source';
  readonly vaultPath: string;
  readonly source: SnapshotSource;
}

export interface SnapshotNode {
  readonly kind: 'snapshot';
  readonly vaultPath: string;
  readonly id: Digest;
  readonly refName: string;
}

/** A registry of the settings. */
export interface RegistryNode {
  readonly kind: 'registry';
  readonly host: string;
}

export interface RemoteRepositoryNode {
  readonly kind: 'remoteRepository';
  readonly host: string;
  readonly path: string;
}

export interface RemoteTagNode {
  readonly kind: 'remoteTag';
  readonly host: string;
  readonly path: string;
  readonly tag: string;
  /** What it stood for when somebody looked; left out while nobody has. */
  readonly digest?: Digest | undefined;
}

/** A line below a tag: something that is known of what it stands for. */
export interface RemoteFactNode {
  readonly kind: 'remoteFact';
  readonly host: string;
  readonly path: string;
  readonly tag: string;
  /** Of what it tells of, where that is a document in the repository. */
  readonly digest?: Digest;
}

/** Stands for the rest of a long list of a registry. */
export interface RemoteMoreNode {
  readonly kind: 'remoteMore';
  readonly host: string;
  /** Absent for the list of repositories. */
  readonly path?: string;
}

/** Says something instead of listing: loading, empty, unreachable, and so on. */
export interface MessageNode {
  readonly kind: 'message';
  readonly reason:
    | 'loading'
    | 'empty'
    | 'filtered'
    | 'noSnapshots'
    | 'notListed'
    | 'unchanged'
    | 'vaultFailed'
    | 'vaultNotThere'
    | 'unreachable'
    | 'denied'
    | 'tooOld'
    | 'failed'
    | 'unread'
    | 'noFiles'
    | 'remote';
  /** The image that it is about, where that could be read once more. */
  readonly imageId?: Digest | undefined;
  /** The place in a registry that it is about. */
  readonly remote?: RemotePlace | undefined;
}

export type DrydockNode =
  | RepositoryNode
  | ImageNode
  | LayerNode
  | FileNode
  | MoreNode
  | ProjectNode
  | ContainerNode
  | VolumeNode
  | LiveFilesNode
  | ChangesNode
  | LiveFileNode
  | DetailNode
  | VaultNode
  | SourceNode
  | SnapshotNode
  | RegistryNode
  | RemoteRepositoryNode
  | RemoteTagNode
  | RemoteFactNode
  | RemoteMoreNode
  | MessageNode;
