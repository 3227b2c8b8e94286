import type { CommandId, ContextValue } from '../contributions.ts';
import type { ChangeKind } from '../core/fileTrees/changeKind.ts';
import type { DrydockNode } from './node.ts';

/** Icons of our own, by the name of their file in media/icons. */
export const ownIcons = [
  'repository',
  'image',
  'image-dangling',
  'layer',
  'layer-empty',
  'project',
  'container-running',
  'container-paused',
  'container-stopped',
  'volume',
] as const;

export type ItemIcon = { readonly own: (typeof ownIcons)[number] } | { readonly codicon: string };

/** What a tree shows of a node. Plain data, so that it is tested without VS Code. */
export interface ItemFace {
  readonly label: string;
  readonly description?: string;
  readonly icon: ItemIcon;
  readonly contextValue?: ContextValue;
  readonly expansion: 'leaf' | 'collapsed' | 'expanded';
  /** Whether it is backed up, drawn at the row's end; left out where that is not known. */
  readonly badge?: 'never' | 'stale' | 'current';
  /** That it is a file: what its name says of its kind picks its icon, what happened to it its colour. */
  readonly file?: { readonly name: string; readonly change?: ChangeKind };
  /** The whole item in words, for screen readers. */
  readonly spoken: string;
  /** What choosing the item does; `onItem` hands the item to the command. */
  readonly command?: { readonly id: CommandId; readonly title: string; readonly onItem?: boolean };
}

/** What the tooltip says. Nothing in it is markup. */
export interface ItemDetails {
  readonly title: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
  /** Shown as it is, in a fixed-width font. */
  readonly code?: string;
}

/** Language and time, as an item is given them to word itself. */
export interface Wording {
  /** Called `l10n.t('…')` everywhere, which is what the collector of translations looks for. */
  readonly l10n: { t(message: string, args?: Record<string, string | number>): string };
  readonly language: string;
  readonly nowMs: () => number;
}

/** What all nodes of the trees have besides the shape that commands know. */
export interface ViewItem {
  /** Unique in its tree and the same for as long as the thing exists, so that expansion and selection survive. */
  readonly key: string;
  face(wording: Wording): ItemFace;
  /** Made only when somebody points at the item. */
  details(wording: Wording): ItemDetails | undefined;
}

export type DrydockItem = DrydockNode & ViewItem;

/** `parts` as a description; undefined when there are none. */
export function described(parts: readonly string[]): { readonly description?: string } {
  const said = parts.filter((part) => part !== '');
  return said.length === 0 ? {} : { description: said.join(' · ') };
}

/** The parts as a screen reader should read them. */
export function spoken(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}
