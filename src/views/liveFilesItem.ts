import { contextValues } from '../contributions.ts';
import type { LiveSource } from '../core/fileTrees/liveSource.ts';
import type { LiveFilesNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

/** All files of a container or a volume, listed when somebody opens it. */
export class LiveFilesItem implements LiveFilesNode, ViewItem {
  readonly kind = 'liveFiles';
  readonly key: string;
  readonly source: LiveSource;

  constructor(parentKey: string, source: LiveSource) {
    this.key = `${parentKey}/files`;
    this.source = source;
  }

  face({ l10n }: Wording): ItemFace {
    const label = l10n.t('Files');
    const note = l10n.t('as they are now');
    return {
      label,
      ...described([note]),
      icon: { codicon: 'files' },
      contextValue: contextValues.liveFiles,
      expansion: 'collapsed',
      spoken: spoken(label, note),
    };
  }

  details({ l10n }: Wording): ItemDetails {
    return {
      title: l10n.t('Files'),
      rows: [
        [
          '',
          this.source.kind === 'volume'
            ? l10n.t('No engine can list a folder: all of the volume is read once for that.')
            : l10n.t(
                'No engine can list a folder: the container’s changes are laid over its image where that is known, else all of it is read once.',
              ),
        ],
      ],
    };
  }
}
