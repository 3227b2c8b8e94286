import { contextValues } from '../contributions.ts';
import { shortDigest, type Digest } from '../core/digest.ts';
import { visibleText } from '../core/fileTrees/visibleName.ts';
import { formatBytes } from '../core/quantity.ts';
import type { RemoteFacts } from '../core/transfer/remoteFacts.ts';
import type { RemoteFactNode } from './node.ts';
import type { RemoteTagItem } from './remoteTagItem.ts';
import { kindWord } from './sourceItem.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';
import { timeOf } from './when.ts';

interface Fact {
  readonly icon: string;
  readonly label: string;
  readonly note: string;
  readonly digest?: Digest;
}

/** A line below a tag. */
export class RemoteFactItem implements RemoteFactNode, ViewItem {
  readonly kind = 'remoteFact';
  readonly key: string;
  readonly host: string;
  readonly path: string;
  readonly tag: string;
  readonly digest?: Digest;
  readonly #fact: Fact;

  constructor({ key, host, path, tag }: RemoteTagItem, index: number, fact: Fact) {
    this.key = `${key}/${index}`;
    this.host = host;
    this.path = path;
    this.tag = tag;
    if (fact.digest !== undefined) this.digest = fact.digest;
    this.#fact = fact;
  }

  face(): ItemFace {
    const { icon, label, note, digest } = this.#fact;
    return {
      label,
      ...described([note]),
      icon: { codicon: icon },
      contextValue: digest === undefined ? contextValues.message : contextValues.remoteDigest,
      expansion: 'leaf',
      spoken: spoken(note, label),
    };
  }

  details(): ItemDetails | undefined {
    return this.digest === undefined ? undefined : { title: this.digest, rows: [] };
  }
}

/** What is known of a tag, in lines. */
export function remoteFacts(
  item: RemoteTagItem,
  facts: RemoteFacts,
  wording: Wording,
): readonly RemoteFactItem[] {
  return factsOf(facts, wording).map((fact, index) => new RemoteFactItem(item, index, fact));
}

function factsOf({ digest, createdMs, companions, what }: RemoteFacts, wording: Wording): readonly Fact[] {
  const { l10n } = wording;
  const created = timeOf(createdMs, wording);
  const lines: Fact[] = [{ icon: 'symbol-key', label: shortDigest(digest), note: l10n.t('digest'), digest }];
  if (created !== '') lines.push({ icon: 'calendar', label: created, note: l10n.t('created') });
  switch (what.kind) {
    case 'snapshot': {
      const { source, plainBytes } = what.snapshot;
      lines.push(
        { icon: 'history', label: visibleText(source.name), note: kindWord(source.kind, wording) },
        { icon: 'vm', label: visibleText(source.engineName), note: l10n.t('engine') },
        { icon: 'dashboard', label: formatBytes(plainBytes), note: l10n.t('unpacked') },
      );
      break;
    }
    case 'artifact':
      lines.push(
        { icon: 'package', label: visibleText(what.type), note: l10n.t('kind of artifact') },
        { icon: 'dashboard', label: formatBytes(what.sizeBytes), note: l10n.t('size') },
      );
      break;
    case 'image':
      lines.push({ icon: 'dashboard', label: formatBytes(what.sizeBytes), note: l10n.t('size') });
      for (const platform of what.platforms)
        lines.push({
          icon: 'circuit-board',
          label: visibleText(platform.name),
          note:
            platform.sizeBytes === undefined
              ? l10n.t('platform, not in this repository')
              : `${l10n.t('platform')} · ${formatBytes(platform.sizeBytes)}`,
          digest: platform.digest,
        });
  }
  if (companions > 0)
    lines.push({
      icon: 'verified',
      label:
        companions === 1
          ? l10n.t('1 signature or attestation')
          : l10n.t('{count} signatures or attestations', { count: companions }),
      note: '',
    });
  return lines;
}
