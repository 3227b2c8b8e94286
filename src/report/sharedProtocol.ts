/**
 * What the host and the page of shared layers tell each other. Both sides read a message through the parser here, which
 * imports only what the browser's build may read. The host owns the data and words everything.
 */
import { hasTexts, isCount, isFields, isListOf, isText, isTexts } from '../core/messageShapes.ts';

/** A layer of the images that are drawn, or what of one image no layer accounts for. */
export interface DrawnLayer {
  readonly bytes: number;
  /** How many images of the engine have it; 0 for what no layer accounts for. */
  readonly users: number;
  /** What it is, how large, and who has it. */
  readonly text: string;
}

export interface DrawnImage {
  readonly id: string;
  readonly name: string;
  /** All its names. */
  readonly title: string;
  /** What runs on it, and whom it shares layers with. */
  readonly notes: readonly string[];
  /** Bottom first: places in {@link PageSharing.layers}, without those of no bytes. */
  readonly layers: readonly number[];
  readonly sizeBytes: number;
  readonly size: string;
  readonly shared: string;
  /** At most, for sorting. */
  readonly givesBackBytes: number;
  readonly givesBack: string;
}

export interface PageSharing {
  readonly facts: readonly (readonly [label: string, text: string, title: string])[];
  readonly notes: readonly string[];
  readonly layers: readonly DrawnLayer[];
  readonly images: readonly DrawnImage[];
}

export type SharedPageState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ready'; readonly sharing: PageSharing };

export const sharedStringKeys = [
  'loading',
  'failedTitle',
  'retry',
  'title',
  'empty',
  'image',
  'layers',
  'size',
  'shared',
  'givesBack',
  'layersOf',
  'pointAtLayer',
  'ownLegend',
  'twoLegend',
  'fewLegend',
  'manyLegend',
  'untoldLegend',
] as const;
export type SharedStrings = Readonly<Record<(typeof sharedStringKeys)[number], string>>;

export interface ToSharedPage {
  readonly type: 'show';
  readonly language: string;
  readonly strings: SharedStrings;
  readonly state: SharedPageState;
}

export interface FromSharedPage {
  readonly type: (typeof asked)[number];
}
const asked = ['ready', 'retry'] as const;

export const sharedSorts = ['givesBack', 'size', 'name'] as const;
export type SharedSort = (typeof sharedSorts)[number];

/** What VS Code keeps of the page while it is hidden, and over a reload. */
export interface SharedViewState {
  readonly sort: SharedSort;
}

/** A message of the page, or undefined for anything that is none. */
export function parseFromSharedPage(value: unknown): FromSharedPage | undefined {
  const type = isFields(value) ? asked.find((known) => known === value['type']) : undefined;
  return type && { type };
}

/** A message of the host, or undefined for anything that is none. */
export function parseToSharedPage(value: unknown): ToSharedPage | undefined {
  if (!isFields(value) || value['type'] !== 'show') return undefined;
  const { language, strings, state } = value;
  const isSound = isText(language) && hasTexts(strings, sharedStringKeys) && isState(state);
  return isSound ? (value as unknown as ToSharedPage) : undefined;
}

/** What was kept of a page; what gives back most comes first where nothing was. */
export function parseSharedViewState(value: unknown): SharedViewState {
  const sort = isFields(value) ? sharedSorts.find((known) => known === value['sort']) : undefined;
  return { sort: sort ?? 'givesBack' };
}

function isState(value: unknown): boolean {
  if (!isFields(value)) return false;
  switch (value['kind']) {
    case 'loading':
      return true;
    case 'failed':
      return isText(value['message']);
    case 'ready':
      return isSharing(value['sharing']);
    default:
      return false;
  }
}

function isSharing(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { facts, notes, layers, images } = value;
  return (
    isListOf(facts, isTexts) &&
    isTexts(notes) &&
    isListOf(
      layers,
      (one) => isFields(one) && isCount(one['bytes']) && isCount(one['users']) && isText(one['text']),
    ) &&
    isListOf(images, (one) => isImage(one, layers.length))
  );
}

function isImage(value: unknown, layerCount: number): boolean {
  return (
    hasTexts(value, ['id', 'name', 'title', 'size', 'shared', 'givesBack']) &&
    isTexts(value['notes']) &&
    isListOf(value['layers'], (at) => isCount(at) && at < layerCount) &&
    isCount(value['sizeBytes']) &&
    isCount(value['givesBackBytes'])
  );
}
