import type { EngineInfo } from '../engine/records.ts';
import type { SnapshotContents, SnapshotImage, SnapshotVolume } from '../snapshot/snapshot.ts';
import type { CapturedContainer, CapturedNetwork } from '../snapshot/snapshotRecords.ts';
import type { ImagePlan } from '../loading/imagePlan.ts';
import type { Sending } from '../loading/layersThere.ts';
import type { RestoreProblem } from './restoreProblem.ts';
import type { VaultImage } from './vaultImages.ts';

export type ItemKind = 'image' | 'tag' | 'network' | 'volume' | 'container';

/** What is to become of one thing whose name is taken, or that is wanted under another name, or not at all. */
export type ItemChoice = { readonly what: ItemKind; readonly name: string } & (
  | { readonly action: 'keep' | 'replace' | 'skip' }
  /** For containers and volumes. */
  | { readonly action: 'rename'; readonly newName: string }
);

/** What a person chose. Empty choices restore everything, and overwrite nothing. */
export interface RestoreChoices {
  /** Parts of the snapshot; what they need comes along. Left out: all of it. */
  readonly only?: {
    readonly services?: readonly string[];
    readonly containers?: readonly string[];
    readonly volumes?: readonly string[];
  };
  readonly items?: readonly ItemChoice[];
  /** For everything that is taken and not among `items`; left out, containers and volumes that are taken block. */
  readonly taken?: 'keep' | 'replace';
  /** Whether containers that ran are started again; they are unless this is false. */
  readonly start?: boolean;
}

/** One line of what a restore will do. */
export interface RestoreItem {
  readonly what: ItemKind;
  /** As in the snapshot; an image without a name by its short ID. */
  readonly name: string;
  /** The name it will have; empty for an anonymous volume that the engine is to name. */
  readonly newName: string;
  /** `keep`: what is there is used as it stands. `skip`: it is left out. */
  readonly action: 'create' | 'replace' | 'keep' | 'skip';
  /** `same`: what is there is what the snapshot holds. `predefined`: every engine has it. */
  readonly reason: 'absent' | 'taken' | 'same' | 'predefined' | 'chosen' | 'undecided';
}

export interface PlannedImage extends VaultImage {
  readonly load: ImagePlan;
}

export interface PlannedNetwork {
  readonly network: CapturedNetwork;
  readonly action: RestoreItem['action'];
  /** Whether its own subnets are taken, and the engine is to choose some. */
  readonly needsOtherSubnet: boolean;
}

export interface PlannedVolume {
  readonly volume: SnapshotVolume;
  /** Empty for an anonymous one that the engine is to name. */
  readonly target: string;
  readonly action: RestoreItem['action'];
}

/** A container that stands in the way of one that replaces it. */
export interface ReplacedContainer {
  readonly id: string;
  readonly name: string;
  readonly wasRunning: boolean;
}

export interface PlannedContainer {
  readonly document: CapturedContainer;
  readonly name: string;
  readonly replaces?: ReplacedContainer;
  /** The state it is brought to. */
  readonly state: 'created' | 'running' | 'paused';
  /** The image it is made from. */
  readonly image: SnapshotImage;
  /** Names of containers of the plan, as in the snapshot, that have to be there before. */
  readonly needs: readonly string[];
}

/** All that a restore will do, in the order in which it will; made without touching the engine. */
export interface RestorePlan {
  readonly contents: SnapshotContents;
  readonly info: EngineInfo;
  readonly items: readonly RestoreItem[];
  readonly problems: readonly RestoreProblem[];
  readonly images: readonly PlannedImage[];
  /** For tags that move: the name under which the image that loses the tag is kept. */
  readonly keepAs: ReadonlyMap<string, string>;
  readonly networks: readonly PlannedNetwork[];
  readonly volumes: readonly PlannedVolume[];
  /** What others need comes first. */
  readonly containers: readonly PlannedContainer[];
  /** Images without the layers that the engine has, and volumes. */
  readonly sending: Sending;
}
