import { isDeepStrictEqual } from 'node:util';
import { contextValues } from '../contributions.ts';
import { hexOf, type Digest } from '../core/digest.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Snapshot, VerifyDepth } from '../core/snapshot/snapshot.ts';
import type { SnapshotNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';
import { ageOf, timeOf } from './when.ts';

/** One snapshot, with what its vault's list tells of it. */
export class SnapshotItem implements SnapshotNode, ViewItem {
  readonly kind = 'snapshot';
  readonly key: string;
  readonly vaultPath: string;
  readonly id: Digest;
  #snapshot: Snapshot;

  constructor(vaultPath: string, snapshot: Snapshot) {
    this.key = `snapshot:${vaultPath}:${snapshot.id}`;
    this.vaultPath = vaultPath;
    this.id = snapshot.id;
    this.#snapshot = snapshot;
  }

  get refName(): string {
    return this.#snapshot.refName;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  update(snapshot: Snapshot): boolean {
    const isSame = isDeepStrictEqual(snapshot, this.#snapshot);
    this.#snapshot = snapshot;
    return !isSame;
  }

  face(wording: Wording): ItemFace {
    const { l10n } = wording;
    const { createdMs, plainBytes, newBytes, verified, damaged, isPinned, tags, remarkCount, unreadable } =
      this.#snapshot;
    const label = timeOf(createdMs, wording);
    const parts = [
      ageOf(createdMs, wording),
      formatBytes(plainBytes),
      l10n.t('{size} new', { size: formatBytes(newBytes) }),
      damaged !== undefined
        ? l10n.t('damaged')
        : verified === undefined
          ? l10n.t('not verified')
          : l10n.t('verified'),
      isPinned ? l10n.t('pinned') : '',
      unreadable === undefined ? '' : l10n.t('what is noted of it can’t be read'),
      remarkCount === 0 ? '' : remarkWords(remarkCount, wording),
      tags.join(', '),
    ];
    return {
      label,
      ...described(parts),
      icon: { codicon: iconOf(this.#snapshot) },
      contextValue: isPinned ? contextValues.snapshotPinned : contextValues.snapshot,
      expansion: 'leaf',
      spoken: spoken(l10n.t('Snapshot'), label, ...parts),
      command: { id: 'drydock.openSnapshot', title: l10n.t('Open Snapshot'), onItem: true },
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const { refName, id, createdMs, plainBytes, newBytes, verified, damaged, tags, source } = this.#snapshot;
    return {
      title: refName,
      rows: [
        [l10n.t('ID'), hexOf(id)],
        [l10n.t('Created'), timeOf(createdMs, wording)],
        [l10n.t('Engine'), source.engineName],
        [l10n.t('Size'), formatBytes(plainBytes)],
        [l10n.t('New in the vault'), formatBytes(newBytes)],
        [
          l10n.t('Verified'),
          verified === undefined
            ? ''
            : `${timeOf(verified.atMs, wording)} · ${depthWords(verified.depth, wording)}`,
        ],
        [l10n.t('Damaged'), damaged === undefined ? '' : damaged.reason],
        [l10n.t('Tags'), tags.join('\n')],
      ],
    };
  }
}

export function remarkWords(count: number, { l10n }: Pick<Wording, 'l10n'>): string {
  return count === 1 ? l10n.t('1 remark') : l10n.t('{count} remarks', { count });
}

export function snapshotCount(count: number, { l10n }: Pick<Wording, 'l10n'>): string {
  return count === 1 ? l10n.t('1 snapshot') : l10n.t('{count} snapshots', { count });
}

export function depthWords(depth: VerifyDepth, { l10n }: Pick<Wording, 'l10n'>): string {
  switch (depth) {
    case 'structure':
      return l10n.t('documents and sizes');
    case 'digests':
      return l10n.t('every blob’s digest');
    case 'contents':
      return l10n.t('every layer and file');
  }
}

function iconOf({ damaged, isPinned, verified }: Snapshot): string {
  if (damaged !== undefined) return 'error';
  if (isPinned) return 'pinned';
  return verified === undefined ? 'circle-outline' : 'verified';
}
