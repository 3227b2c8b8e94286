import { contextValues } from '../contributions.ts';
import type { VolumeSummary, VolumeUsage } from '../core/engine/records.ts';
import { formatBytes } from '../core/quantity.ts';
import { maskedOptions } from '../core/volumes/maskedOptions.ts';
import { backupWords, badged, isSameBadge, type BackupBadge } from './backupBadge.ts';
import { shortVolumeName } from './containerItem.ts';
import { labelLines } from './imageItem.ts';
import type { VolumeNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';
import { timeOf } from './when.ts';

const namedUsers = 2;

export class VolumeItem implements VolumeNode, ViewItem {
  readonly kind = 'volume';
  readonly key: string;
  readonly name: string;
  #volume: VolumeSummary;
  #users: readonly string[] = [];
  #usage: VolumeUsage | undefined;
  #badge: BackupBadge | undefined;

  constructor(volume: VolumeSummary) {
    this.key = `volume:${volume.name}`;
    this.name = volume.name;
    this.#volume = volume;
  }

  get volume(): VolumeSummary {
    return this.#volume;
  }

  /** Takes what is known now; true when it differs. `users` are names of containers. */
  update(
    volume: VolumeSummary,
    users: readonly string[],
    usage: VolumeUsage | undefined,
    badge?: BackupBadge,
  ): boolean {
    const isSame =
      isSameBadge(badge, this.#badge) &&
      volume === this.#volume &&
      usage?.sizeBytes === this.#usage?.sizeBytes &&
      users.join('\n') === this.#users.join('\n');
    this.#volume = volume;
    this.#users = users;
    this.#usage = usage;
    this.#badge = badge;
    return !isSame;
  }

  face(wording: Wording): ItemFace {
    const { l10n } = wording;
    const label = shortVolumeName(this.name);
    const { driver } = this.#volume;
    const parts = [
      this.#usage?.sizeBytes === undefined ? '' : formatBytes(this.#usage.sizeBytes),
      driver === 'local' ? '' : driver,
      this.#usersText({ l10n }),
    ];
    return {
      label,
      ...described(parts),
      icon: { own: 'volume' },
      contextValue: contextValues.volume,
      expansion: 'collapsed',
      ...badged(this.#badge),
      spoken: spoken(label, ...parts, backupWords(this.#badge, wording)),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const volume = this.#volume;
    const size = this.#usage?.sizeBytes;
    return {
      title: this.name,
      rows: [
        [l10n.t('Driver'), volume.driver],
        [l10n.t('Size'), size === undefined ? '' : formatBytes(size)],
        [l10n.t('Used by'), this.#users.join('\n')],
        [l10n.t('Created'), timeOf(volume.createdAtMs, wording)],
        [l10n.t('Scope'), volume.scope],
        [l10n.t('Folder'), volume.mountpoint],
        [l10n.t('Backup'), backupWords(this.#badge, wording)],
        [l10n.t('Labels'), labelLines(volume.labels)],
        [l10n.t('Options'), labelLines(maskedOptions(volume.options))],
      ],
    };
  }

  #usersText({ l10n }: Pick<Wording, 'l10n'>): string {
    const [...users] = this.#users;
    if (users.length === 0) return l10n.t('not used');
    const names = users.slice(0, namedUsers).join(', ');
    const more = users.length - namedUsers;
    return more > 0
      ? l10n.t('used by {names} and {more} more', { names, more })
      : l10n.t('used by {names}', { names });
  }
}
