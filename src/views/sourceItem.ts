import { contextValues } from '../contributions.ts';
import type { Snapshot, SnapshotKind, SnapshotSource } from '../core/snapshot/snapshot.ts';
import { shortVolumeName } from './containerItem.ts';
import type { SourceNode } from './node.ts';
import { snapshotCount } from './snapshotItem.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ItemIcon,
  type ViewItem,
  type Wording,
} from './viewItem.ts';
import { ageOf, timeOf } from './when.ts';

const icons: Readonly<Record<SnapshotKind, ItemIcon>> = {
  image: { own: 'image' },
  container: { own: 'container-stopped' },
  volume: { own: 'volume' },
  project: { own: 'project' },
};

/** What is the same for every snapshot of one thing on one engine, and for no other. */
export function sourceKey({ kind, name, engineId }: SnapshotSource): string {
  return JSON.stringify([kind, engineId, name]);
}

/** One thing that a vault has snapshots of. */
export class SourceItem implements SourceNode, ViewItem {
  readonly kind = 'source';
  readonly key: string;
  readonly vaultPath: string;
  readonly source: SnapshotSource;
  #snapshots: readonly Snapshot[] = [];
  #isEngineTold = false;

  constructor(vaultPath: string, source: SnapshotSource) {
    this.key = `source:${vaultPath}:${sourceKey(source)}`;
    this.vaultPath = vaultPath;
    this.source = source;
  }

  /** `snapshots` newest first. The engine is told where the vault has things of several. */
  update(snapshots: readonly Snapshot[], isEngineTold: boolean): boolean {
    const known = this.#snapshots;
    const isSame =
      isEngineTold === this.#isEngineTold &&
      known.length === snapshots.length &&
      snapshots.every(({ id }, index) => id === known[index]?.id);
    this.#snapshots = snapshots;
    this.#isEngineTold = isEngineTold;
    return !isSame;
  }

  face(wording: Wording): ItemFace {
    const label = this.source.kind === 'volume' ? shortVolumeName(this.source.name) : this.source.name;
    const parts = [
      snapshotCount(this.#snapshots.length, wording),
      ageOf(this.#snapshots[0]?.createdMs, wording),
      this.#isEngineTold ? this.source.engineName : '',
    ];
    return {
      label,
      ...described(parts),
      icon: icons[this.source.kind],
      contextValue: contextValues.source,
      expansion: 'collapsed',
      spoken: spoken(kindWord(this.source.kind, wording), label, ...parts),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    return {
      title: this.source.name,
      rows: [
        [l10n.t('Kind'), kindWord(this.source.kind, wording)],
        [l10n.t('Engine'), this.source.engineName],
        [l10n.t('Newest'), timeOf(this.#snapshots[0]?.createdMs, wording)],
        [l10n.t('Oldest'), timeOf(this.#snapshots.at(-1)?.createdMs, wording)],
      ],
    };
  }
}

export function kindWord(kind: SnapshotKind, { l10n }: Pick<Wording, 'l10n'>): string {
  switch (kind) {
    case 'image':
      return l10n.t('image');
    case 'container':
      return l10n.t('container');
    case 'volume':
      return l10n.t('volume');
    case 'project':
      return l10n.t('Compose project');
  }
}
