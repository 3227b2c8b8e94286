import { contextValues } from '../contributions.ts';
import { hexOf, shortDigest, type Digest } from '../core/digest.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import { formatBytes } from '../core/quantity.ts';
import { backupWords, badged, isSameBadge, type BackupBadge } from './backupBadge.ts';
import type { ImageNode } from './node.ts';
import { splitTag } from './repositoryName.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';
import { ageOf, timeOf } from './when.ts';

/** One tag of an image, or an image without any. */
export class ImageItem implements ImageNode, ViewItem {
  readonly kind = 'image';
  readonly key: string;
  readonly id: Digest;
  readonly tag?: string;
  #image: ImageSummary;
  #users: readonly string[];
  #badge: BackupBadge | undefined;

  constructor(image: ImageSummary, tag: string | undefined) {
    this.key = imageKey(image.id, tag);
    this.id = image.id;
    if (tag !== undefined) this.tag = tag;
    this.#image = image;
    this.#users = [];
  }

  get image(): ImageSummary {
    return this.#image;
  }

  /** Takes what is known now; true when it differs. `users` are names of containers. */
  update(image: ImageSummary, users: readonly string[], badge?: BackupBadge): boolean {
    const isSame =
      image === this.#image && users.join('\n') === this.#users.join('\n') && isSameBadge(badge, this.#badge);
    this.#image = image;
    this.#users = users;
    this.#badge = badge;
    return !isSame;
  }

  face(wording: Wording): ItemFace {
    const { l10n } = wording;
    const tag = this.tag === undefined ? undefined : splitTag(this.tag).tag;
    const label = tag ?? shortDigest(this.id);
    const parts = [
      formatBytes(this.#image.sizeBytes),
      ageOf(this.#image.createdAtMs, wording),
      this.#users.length > 0 ? l10n.t('in use') : '',
      tag === undefined ? l10n.t('no tag') : '',
    ];
    return {
      label,
      ...described(parts),
      icon: { own: tag === undefined ? 'image-dangling' : 'image' },
      contextValue: tag === undefined ? contextValues.imageDangling : contextValues.imageTagged,
      expansion: 'collapsed',
      ...badged(this.#badge),
      spoken: spoken(this.tag ?? label, ...parts, backupWords(this.#badge, wording)),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const image = this.#image;
    const rows: [string, string][] = [
      [l10n.t('ID'), hexOf(image.id)],
      [l10n.t('Size'), formatBytes(image.sizeBytes)],
      [l10n.t('Created'), timeOf(image.createdAtMs, wording)],
      [l10n.t('Tags'), image.tags.join('\n')],
      [l10n.t('Digests'), image.repoDigests.join('\n')],
      [l10n.t('Used by'), this.#users.join('\n')],
      [l10n.t('Backup'), backupWords(this.#badge, wording)],
      [l10n.t('Labels'), labelLines(image.labels)],
    ];
    return { title: this.tag ?? shortDigest(this.id), rows };
  }
}

export function imageKey(id: Digest, tag: string | undefined): string {
  return `image:${id}:${tag ?? ''}`;
}

/** Labels one to a line. */
export function labelLines(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}
