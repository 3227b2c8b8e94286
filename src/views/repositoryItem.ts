import { contextValues } from '../contributions.ts';
import type { ImageItem } from './imageItem.ts';
import type { RepositoryNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

/** The repository of images that belong to none. No engine allows the name. */
export const noRepository = '<none>';

export class RepositoryItem implements RepositoryNode, ViewItem {
  readonly kind = 'repository';
  readonly key: string;
  readonly repository: string;
  #images: readonly ImageItem[] = [];

  constructor(repository: string) {
    this.repository = repository;
    this.key = `repository:${repository}`;
  }

  get images(): readonly ImageItem[] {
    return this.#images;
  }

  /** Whether the images differ from those known, in order too. */
  update(images: readonly ImageItem[]): boolean {
    const known = this.#images;
    this.#images = images;
    return known.length !== images.length || images.some((image, index) => image !== known[index]);
  }

  face({ l10n }: Wording): ItemFace {
    const isDangling = this.repository === noRepository;
    const label = isDangling ? l10n.t('No Tag') : this.repository;
    const count = this.#imageCount();
    const number = count === 1 ? l10n.t('1 image') : l10n.t('{count} images', { count });
    return {
      label,
      ...described([number]),
      icon: { own: 'repository' },
      contextValue: contextValues.repository,
      expansion: 'collapsed',
      spoken: spoken(label, number),
    };
  }

  details({ l10n }: Wording): ItemDetails | undefined {
    if (this.repository === noRepository)
      return {
        title: l10n.t('Images without a tag'),
        rows: [[l10n.t('Why'), l10n.t('Left over from builds, or their tag moved to another image')]],
      };
    return {
      title: this.repository,
      rows: [
        [l10n.t('Images'), String(this.#imageCount())],
        [l10n.t('Tags'), String(this.#images.filter(({ tag }) => tag !== undefined).length)],
      ],
    };
  }

  /** An image with several tags is one image. */
  #imageCount(): number {
    return new Set(this.#images.map(({ id }) => id)).size;
  }
}
