import type { DiffRemark } from '../diffRemark.ts';
import type { Keyword } from '../dockerfile/instruction.ts';
import type { FileTreeKind } from '../fileTrees/fileTree.ts';
import type { FileFacts } from '../layers/treeNode.ts';
import type { PackageManager } from '../packages/installedPackage.ts';

/** `semantic` leaves out what a build from the same sources changes: times, the history, the order in tars. */
export type Strictness = 'strict' | 'semantic';

export interface DiffSideFacts {
  readonly name: string;
  readonly kind: FileTreeKind;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

/** `content`: other bytes, whatever else. `metadata`: the same bytes, other mode, owner, time, link or attributes. */
export type FileChangeKind = 'added' | 'removed' | 'content' | 'metadata' | 'type' | 'moved';
export const fileChangeKinds = ['added', 'removed', 'content', 'metadata', 'type', 'moved'] as const;

export const comparedFields = ['mode', 'owner', 'time', 'link', 'xattrs', 'device', 'hardlinks'] as const;
export type ComparedField = (typeof comparedFields)[number];

export interface FileChange {
  /** As `entryNames.ts` writes paths; of a moved file, where it is on the right. */
  readonly path: string;
  readonly kind: FileChangeKind;
  /** Where a moved file was on the left. */
  readonly from?: string;
  readonly left?: FileFacts;
  readonly right?: FileFacts;
  /** What differs beside the bytes. */
  readonly fields: readonly ComparedField[];
}

/** One setting of the config: `Env PATH`, `User`, `Labels maintainer`. Absent on a side that does not have it. */
export interface ConfigChange {
  readonly setting: string;
  readonly left?: string;
  readonly right?: string;
}

/** A step of the history that only one side has, or both (`same`), in the order of the build. */
export interface HistoryChange {
  readonly kind: 'added' | 'removed' | 'same';
  readonly keyword: Keyword | '';
  readonly text: string;
  readonly isEmpty: boolean;
  readonly sizeBytes?: number;
  /** Of a step of both that made a layer on both: whether it is the same one. */
  readonly hasSameLayer?: boolean;
}

export type { PackageManager };

export interface PackageChange {
  readonly manager: PackageManager;
  readonly name: string;
  readonly architecture?: string;
  /** `rewritten`: another text, which the manager takes for the same version. */
  readonly kind: 'added' | 'removed' | 'upgraded' | 'downgraded' | 'rewritten';
  readonly left?: string;
  readonly right?: string;
}

/** What differs between two sides. */
export interface DiffReport {
  readonly left: DiffSideFacts;
  readonly right: DiffSideFacts;
  readonly strictness: Strictness;
  /**
   * In the order of a tree, names by their code units. A folder is listed only where it is itself added, removed or
   * changed; the root, whose path is empty, too.
   */
  readonly files: readonly FileChange[];
  /** Empty where one side has no image, or is not the whole of it. */
  readonly config: readonly ConfigChange[];
  readonly history: readonly HistoryChange[];
  readonly packages: readonly PackageChange[];
  /** Package lists that are there and could not be read, in words: nothing is passed over. */
  readonly remarks: readonly DiffRemark[];
}
