import { contextValues } from '../contributions.ts';
import { hexOf, type Digest } from '../core/digest.ts';
import { visibleText } from '../core/fileTrees/visibleName.ts';
import { formatBytes } from '../core/quantity.ts';
import type { RemoteFacts } from '../core/transfer/remoteFacts.ts';
import type { RemoteTagNode } from './node.ts';
import { kindWord } from './sourceItem.ts';
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

/** A tag of a repository. What it stands for is told once somebody opened it. */
export class RemoteTagItem implements RemoteTagNode, ViewItem {
  readonly kind = 'remoteTag';
  readonly key: string;
  readonly host: string;
  readonly path: string;
  readonly tag: string;
  #facts: RemoteFacts | undefined;

  constructor(parentKey: string, host: string, path: string, tag: string) {
    this.key = `${parentKey}:${tag}`;
    this.host = host;
    this.path = path;
    this.tag = tag;
  }

  get digest(): Digest | undefined {
    return this.#facts?.digest;
  }

  get facts(): RemoteFacts | undefined {
    return this.#facts;
  }

  /** Whether it says something else by that. */
  update(facts: RemoteFacts | undefined): boolean {
    const isSame = facts === this.#facts;
    this.#facts = facts;
    return !isSame;
  }

  face(wording: Wording): ItemFace {
    const facts = this.#facts;
    const parts = facts === undefined ? [] : partsOf(facts, wording);
    return {
      label: this.tag,
      ...described(parts),
      icon: iconOf(facts),
      contextValue: contextValues.remoteTag,
      expansion: 'collapsed',
      spoken: spoken(wording.l10n.t('Tag {name}', { name: this.tag }), ...parts),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const title = `${this.host}/${this.path}:${this.tag}`;
    const facts = this.#facts;
    if (facts === undefined) return { title, rows: [] };
    return {
      title,
      rows: [
        [l10n.t('Digest'), hexOf(facts.digest)],
        [l10n.t('Created'), timeOf(facts.createdMs, wording)],
        [l10n.t('Media type'), facts.mediaType],
      ],
    };
  }
}

/** What kind of thing it is, how large and how old. */
function partsOf({ what, createdMs }: RemoteFacts, wording: Wording): readonly string[] {
  const { l10n } = wording;
  const age = ageOf(createdMs, wording);
  switch (what.kind) {
    case 'snapshot': {
      const { source, plainBytes } = what.snapshot;
      const word = l10n.t('snapshot of the {kind} {name}', {
        kind: kindWord(source.kind, wording),
        name: visibleText(source.name),
      });
      return [word, formatBytes(plainBytes), age];
    }
    case 'artifact':
      return [l10n.t('artifact'), formatBytes(what.sizeBytes), age];
    case 'image':
      return [platformWords(what.platforms, wording), formatBytes(what.sizeBytes), age];
  }
}

function platformWords(
  platforms: readonly { readonly name: string }[],
  { l10n }: Pick<Wording, 'l10n'>,
): string {
  const [only] = platforms;
  return only !== undefined && platforms.length === 1
    ? visibleText(only.name)
    : l10n.t('{count} platforms', { count: platforms.length });
}

function iconOf(facts: RemoteFacts | undefined): ItemIcon {
  switch (facts?.what.kind) {
    case undefined:
      return { codicon: 'tag' };
    case 'image':
      return { own: 'image' };
    case 'snapshot':
      return { codicon: 'history' };
    case 'artifact':
      return { codicon: 'package' };
  }
}
