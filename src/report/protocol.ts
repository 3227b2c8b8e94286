/**
 * What the host and the history page tell each other. Both sides read a message through the parser here, which imports
 * only what the browser's build may read.
 *
 * The host owns the data and words everything: the page never formats a number, and it never sends text to be copied,
 * only what of the report is meant.
 */
import { isCount, isFields, isListOf } from '../core/messageShapes.ts';

/** A step as the page shows it. */
export interface PageLayer {
  /** 1 for the oldest step. */
  readonly number: number;
  readonly keyword: string;
  /** In Dockerfile form, cut at `longestShownText`; copying gives the whole. */
  readonly text: string;
  readonly isCut: boolean;
  readonly fill: 'filled' | 'empty' | 'unknown';
  readonly sizeBytes: number;
  readonly size: string;
  /** Percent of all layers, for the eye. */
  readonly share: string;
  readonly age: string;
  readonly created: string;
  readonly id: string;
  readonly diffId: string;
  /** Further facts, worded: label and text. */
  readonly details: readonly (readonly [label: string, text: string])[];
  /** What is told below the instruction: files, waste, who else has the layer. */
  readonly notes: readonly { readonly text: string; readonly isWaste: boolean }[];
  /** The line of an open Dockerfile that made it: `Dockerfile:12`; empty where that is not known. */
  readonly line: string;
}

/** A tag of the same repository. */
export interface PageTag {
  readonly name: string;
  readonly sizeBytes: number;
  readonly size: string;
  readonly age: string;
  readonly created: string;
  readonly isThis: boolean;
}

export interface PageReport {
  readonly name: string;
  readonly id: string;
  readonly shortId: string;
  /** Label, text, and the longer text for a tooltip. */
  readonly facts: readonly (readonly [label: string, text: string, title: string])[];
  readonly total: string;
  readonly totalBytes: number;
  readonly legend: readonly { readonly kind: LayerKind; readonly name: string; readonly text: string }[];
  /** Newest first. */
  readonly layers: readonly PageLayer[];
  /** Whether more could be told if the image was read. */
  readonly canLook: boolean;
  /** Tags of the same repository, oldest first; empty where there is no other. */
  readonly tags: readonly PageTag[];
}

/** What made a layer; each has a colour. */
export const layerKinds = ['run', 'copy', 'add', 'workdir', 'other'] as const;
export type LayerKind = (typeof layerKinds)[number];

export function kindOf(keyword: string): LayerKind {
  const kind = layerKinds.find((known) => known === keyword.toLowerCase());
  return kind ?? 'other';
}

export const longestShownText = 20_000;

export type PageState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ready'; readonly report: PageReport };

/** The page's words; places in braces are filled by the page. */
export const stringKeys = [
  'loading',
  'retry',
  'failedTitle',
  'layerSizes',
  'noSizes',
  'otherLayers',
  'steps',
  'filter',
  'hideEmpty',
  'shown',
  'nothingShown',
  'copyDockerfile',
  'copyImageId',
  'copyInstruction',
  'copyDiffId',
  'copyId',
  'copied',
  'number',
  'instruction',
  'size',
  'created',
  'layer',
  'actions',
  'empty',
  'unknownFill',
  'unknownFillTitle',
  'unpaired',
  'unpairedTitle',
  'noHistory',
  'diffId',
  'id',
  'cut',
  'segment',
  'look',
  'analyze',
  'openLine',
  'tags',
  'chooseTag',
  'compareTags',
] as const;
export type PageStrings = Readonly<Record<(typeof stringKeys)[number], string>>;

export type ToWebviewMessage =
  | {
      readonly type: 'show';
      readonly imageId: string;
      readonly title: string;
      readonly language: string;
      readonly strings: PageStrings;
      readonly state: PageState;
    }
  | { readonly type: 'answer'; readonly request: number; readonly error?: string };

/** What of the report goes to the clipboard; `layer` is the number of a step. */
export type CopyTarget =
  | { readonly kind: 'imageId' | 'dockerfile' }
  | { readonly kind: 'instruction' | 'id' | 'diffId'; readonly layer: number };

export type FromWebviewMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'retry' | 'look' | 'analyze' }
  /** The number of a step whose line is to be shown. */
  | { readonly type: 'openLine'; readonly layer: number }
  /** Places in the list of tags. */
  | { readonly type: 'compare'; readonly one: number; readonly other: number }
  | { readonly type: 'copy'; readonly request: number; readonly target: CopyTarget };

/** What the reader was looking at, and which image it was; kept by VS Code over a reload. */
export interface ViewState {
  readonly imageId: string;
  readonly title: string;
  readonly filter: string;
  readonly hideEmpty: boolean;
  readonly sort: SortOrder;
  readonly expanded: readonly number[];
}

export const sortOrders = ['newest', 'oldest', 'largest', 'smallest'] as const;
export type SortOrder = (typeof sortOrders)[number];

/** Of any length: what a builder wrote into a history is shown as it is. */
const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): boolean => isListOf(value, isText);

/** A message of the page, or undefined for anything that is none. */
export function parseFromWebview(value: unknown): FromWebviewMessage | undefined {
  if (!isFields(value)) return undefined;
  switch (value['type']) {
    case 'ready':
    case 'retry':
    case 'look':
    case 'analyze':
      return { type: value['type'] };
    case 'openLine':
      return isCount(value['layer']) ? { type: 'openLine', layer: value['layer'] } : undefined;
    case 'compare': {
      const { one, other } = value;
      return isCount(one) && isCount(other) && one !== other ? { type: 'compare', one, other } : undefined;
    }
    case 'copy': {
      const target = parseTarget(value['target']);
      const request = value['request'];
      return target !== undefined && isCount(request) ? { type: 'copy', request, target } : undefined;
    }
    default:
      return undefined;
  }
}

function parseTarget(value: unknown): CopyTarget | undefined {
  if (!isFields(value)) return undefined;
  const { kind, layer } = value;
  switch (kind) {
    case 'imageId':
    case 'dockerfile':
      return { kind };
    case 'instruction':
    case 'id':
    case 'diffId':
      return isCount(layer) ? { kind, layer } : undefined;
    default:
      return undefined;
  }
}

/** A message of the host, or undefined for anything that is none. */
export function parseToWebview(value: unknown): ToWebviewMessage | undefined {
  if (!isFields(value)) return undefined;
  if (value['type'] === 'answer')
    return isCount(value['request']) && (value['error'] === undefined || isText(value['error']))
      ? (value as unknown as ToWebviewMessage)
      : undefined;
  const { type, strings, state } = value;
  const isShow =
    type === 'show' &&
    [value['imageId'], value['title'], value['language']].every(isText) &&
    isFields(strings) &&
    stringKeys.every((key) => isText(strings[key])) &&
    isPageState(state);
  return isShow ? (value as unknown as ToWebviewMessage) : undefined;
}

function isPageState(value: unknown): boolean {
  if (!isFields(value)) return false;
  switch (value['kind']) {
    case 'loading':
      return true;
    case 'failed':
      return isText(value['message']);
    case 'ready':
      return isPageReport(value['report']);
    default:
      return false;
  }
}

function isPageReport(value: unknown): boolean {
  return (
    isFields(value) &&
    [value['name'], value['id'], value['shortId'], value['total']].every(isText) &&
    isCount(value['totalBytes']) &&
    isListOf(value['facts'], isTexts) &&
    isListOf(value['legend'], (item) => isFields(item) && isText(item['name']) && isText(item['text'])) &&
    isListOf(value['layers'], isPageLayer) &&
    typeof value['canLook'] === 'boolean' &&
    isListOf(value['tags'], isPageTag)
  );
}

function isPageLayer(value: unknown): boolean {
  return (
    isFields(value) &&
    ['keyword', 'text', 'fill', 'size', 'share', 'age', 'created', 'id', 'diffId', 'line'].every((key) =>
      isText(value[key]),
    ) &&
    isCount(value['number']) &&
    isCount(value['sizeBytes']) &&
    typeof value['isCut'] === 'boolean' &&
    isListOf(value['details'], isTexts) &&
    isListOf(
      value['notes'],
      (note) => isFields(note) && isText(note['text']) && typeof note['isWaste'] === 'boolean',
    )
  );
}

function isPageTag(value: unknown): boolean {
  return (
    isFields(value) &&
    ['name', 'size', 'age', 'created'].every((key) => isText(value[key])) &&
    isCount(value['sizeBytes']) &&
    typeof value['isThis'] === 'boolean'
  );
}

/** What was kept of a page, or undefined; anything odd in it falls back to what a new page shows. */
export function parseViewState(value: unknown): ViewState | undefined {
  if (!isFields(value)) return undefined;
  const { imageId, title, filter, expanded } = value;
  if (!isText(imageId) || !isText(title)) return undefined;
  return {
    imageId,
    title,
    filter: isText(filter) ? filter : '',
    hideEmpty: value['hideEmpty'] === true,
    sort: sortOrders.find((order) => order === value['sort']) ?? 'newest',
    expanded: Array.isArray(expanded) ? expanded.filter(isCount).slice(0, 1000) : [],
  };
}
