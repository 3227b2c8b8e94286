import { contextValues } from '../contributions.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import type { ImageItem } from './imageItem.ts';
import type { FileNode } from './node.ts';
import { described, spoken, type ItemFace, type ViewItem, type Wording } from './viewItem.ts';

/** All files of an image, as a container would see them. */
export class FilesItem implements FileNode, ViewItem {
  readonly kind = 'file';
  readonly isFolder = true;
  readonly key: string;
  readonly place: FilePlace;

  constructor(image: ImageItem) {
    this.key = `${image.key}/files`;
    this.place = { imageId: image.id, ...(image.tag !== undefined && { tag: image.tag }), path: '' };
  }

  face({ l10n }: Wording): ItemFace {
    const label = l10n.t('Files');
    const note = l10n.t('as a container sees them');
    return {
      label,
      ...described([note]),
      icon: { codicon: 'files' },
      contextValue: contextValues.files,
      expansion: 'collapsed',
      spoken: spoken(label, note),
    };
  }

  details(): undefined {
    return undefined;
  }
}
