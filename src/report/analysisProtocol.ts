/**
 * What the host and the page of an image's analysis tell each other. Both sides read a message through the parser here,
 * which imports only what the browser's build may read. The host owns the data and words everything.
 */
import { hasCounts, hasTexts, isFields, isListOf, isText, isTexts } from '../core/messageShapes.ts';

/** A layer as the page shows it. */
export interface AnalysisLayer {
  /** As the findings name it: 0 for the bottom one. */
  readonly place: number;
  readonly instruction: string;
  readonly isBase: boolean;
  readonly sizeBytes: number;
  readonly wastedBytes: number;
  readonly size: string;
  /** Empty where there is none. */
  readonly wasted: string;
  readonly spoiled: string;
  readonly files: string;
}

export const pageSeverities = ['high', 'medium', 'low'] as const;

export interface AnalysisFinding {
  readonly severity: (typeof pageSeverities)[number];
  /** The severity in words. */
  readonly grade: string;
  readonly title: string;
  /** Layer and bytes. */
  readonly facts: string;
  readonly instruction: string;
  readonly paths: readonly string[];
  readonly fix: string;
}

export interface AnalysisPath {
  readonly path: string;
  readonly sizeBytes: number;
  readonly size: string;
  /** Which layers brought it, and which made it useless. */
  readonly story: string;
}

export interface PageAnalysis {
  readonly name: string;
  readonly facts: readonly (readonly [label: string, text: string, title: string])[];
  /** Newest first. */
  readonly layers: readonly AnalysisLayer[];
  readonly findings: readonly AnalysisFinding[];
  /** Those that only the makers of the base image can mend, and what they are called together. */
  readonly baseFindings: readonly AnalysisFinding[];
  readonly baseTitle: string;
  readonly paths: readonly AnalysisPath[];
  /** Sentences about who shares its layers; empty where that is not known. */
  readonly sharing: readonly string[];
  readonly sharedWith: readonly (readonly [name: string, layers: string])[];
  readonly notes: readonly string[];
  /** Whether secrets can still be looked for in what files hold. */
  readonly canLookInto: boolean;
}

export type AnalysisPageState =
  | { readonly kind: 'loading' }
  /** The image has to be read first, and was not. */
  | { readonly kind: 'unread' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ready'; readonly analysis: PageAnalysis };

export const analysisStringKeys = [
  'loading',
  'unread',
  'read',
  'failedTitle',
  'retry',
  'history',
  'contents',
  'findings',
  'nothingFound',
  'layers',
  'layer',
  'instruction',
  'size',
  'wasted',
  'spoiled',
  'files',
  'base',
  'wastedPaths',
  'nothingWasted',
  'path',
  'story',
  'sharing',
  'sharedWith',
  'image',
  'remedy',
  'legendUsed',
  'legendWasted',
] as const;
export type AnalysisStrings = Readonly<Record<(typeof analysisStringKeys)[number], string>>;

/** Which image a page is of; kept by VS Code over a reload. */
export interface AnalysisKey {
  readonly imageId: string;
  readonly title: string;
}

export interface ToAnalysisPage {
  readonly type: 'show';
  readonly key: AnalysisKey;
  readonly language: string;
  readonly strings: AnalysisStrings;
  readonly state: AnalysisPageState;
}

export interface FromAnalysisPage {
  readonly type: (typeof asked)[number];
}
const asked = ['ready', 'retry', 'history', 'contents'] as const;

/** A message of the page, or undefined for anything that is none. */
export function parseFromAnalysisPage(value: unknown): FromAnalysisPage | undefined {
  const type = isFields(value) ? asked.find((known) => known === value['type']) : undefined;
  return type && { type };
}

/** A message of the host, or undefined for anything that is none. */
export function parseToAnalysisPage(value: unknown): ToAnalysisPage | undefined {
  if (!isFields(value) || value['type'] !== 'show') return undefined;
  const { key, language, strings, state } = value;
  const isSound =
    parseAnalysisKey(key) !== undefined &&
    isText(language) &&
    hasTexts(strings, analysisStringKeys) &&
    isState(state);
  return isSound ? (value as unknown as ToAnalysisPage) : undefined;
}

/** What was kept of a page, or undefined. */
export function parseAnalysisKey(value: unknown): AnalysisKey | undefined {
  if (!isFields(value)) return undefined;
  const { imageId, title } = value;
  return isText(imageId) && isText(title) ? { imageId, title } : undefined;
}

function isState(value: unknown): boolean {
  if (!isFields(value)) return false;
  switch (value['kind']) {
    case 'loading':
    case 'unread':
      return true;
    case 'failed':
      return isText(value['message']);
    case 'ready':
      return isAnalysis(value['analysis']);
    default:
      return false;
  }
}

function isAnalysis(value: unknown): boolean {
  return (
    hasTexts(value, ['name', 'baseTitle']) &&
    isListOf(value['facts'], isTexts) &&
    isListOf(value['layers'], isLayer) &&
    isListOf(value['findings'], isFinding) &&
    isListOf(value['baseFindings'], isFinding) &&
    isListOf(
      value['paths'],
      (one) => hasTexts(one, ['path', 'size', 'story']) && hasCounts(one, ['sizeBytes']),
    ) &&
    isTexts(value['sharing']) &&
    isListOf(value['sharedWith'], isTexts) &&
    isTexts(value['notes']) &&
    typeof value['canLookInto'] === 'boolean'
  );
}

function isLayer(value: unknown): boolean {
  return (
    hasTexts(value, ['instruction', 'size', 'wasted', 'spoiled', 'files']) &&
    hasCounts(value, ['place', 'sizeBytes', 'wastedBytes']) &&
    typeof value['isBase'] === 'boolean'
  );
}

function isFinding(value: unknown): boolean {
  return (
    hasTexts(value, ['grade', 'title', 'facts', 'instruction', 'fix']) &&
    pageSeverities.some((known) => known === value['severity']) &&
    isTexts(value['paths'])
  );
}
