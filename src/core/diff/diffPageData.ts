/**
 * A diff report as its page takes it: a head that is shown at once, and the files in chunks of compact rows. The same
 * form goes to a webview by message and into a self-contained HTML file. The browser's build reads this module
 * too, so it imports only what that may read; `diffPageOf.ts` makes the form of a report.
 */
import { isCount, isFields, isListOf } from '../messageShapes.ts';
import { parseDiffPageStrings, type DiffPageStrings } from './diffPageStrings.ts';

export const pageKinds = ['added', 'removed', 'content', 'metadata', 'type', 'moved'] as const;
export type PageKind = (typeof pageKinds)[number];

export const pageFields = ['mode', 'owner', 'time', 'link', 'xattrs', 'device', 'hardlinks'] as const;
export type PageField = (typeof pageFields)[number];

export const pageFileTypes = [
  'file',
  'directory',
  'symlink',
  'hardlink',
  'char-device',
  'block-device',
  'fifo',
  'other',
] as const;
export type PageFileType = (typeof pageFileTypes)[number];

/** More files than this are not shown; the exports have them all. */
export const mostPageRows = 500_000;
/** Of one message or one block of a file: small enough to be read without a pause that is felt. */
export const rowsPerChunk = 1_000;
export const mostPackages = 20_000;
export const mostSteps = 5_000;
export const mostSettings = 5_000;
export const mostRemarks = 1_000;
/** Longer texts of a config or a history are cut. */
export const longestText = 4_000;
/** Of a path; the longest that Linux knows has 4,096 bytes. */
export const longestPath = 20_000;

/** Type (its place in {@link pageFileTypes}), mode, uid, gid, bytes, seconds since 1970, link, start of the sha256. */
export type WireFacts = readonly [
  type: number,
  mode: number,
  uid: number,
  gid: number,
  sizeBytes: number,
  mtime: number,
  link: string,
  sha256: string,
];

/** A path shares its first `shared` UTF-16 units with the path of the row before it in the chunk. */
export type WireRow = readonly [
  shared: number,
  rest: string,
  kind: number,
  /** A bit for each of {@link pageFields}. */
  fields: number,
  left: WireFacts | 0,
  right: WireFacts | 0,
  from: string,
];

export interface PageSide {
  readonly name: string;
  readonly kind: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

export interface PageTotal {
  readonly count: number;
  readonly leftBytes: number;
  readonly rightBytes: number;
}

export interface PageSetting {
  readonly setting: string;
  readonly left?: string;
  readonly right?: string;
  /** Both sides have a secret, another one each; neither is shown. */
  readonly isHidden?: true;
}

export interface PageStep {
  readonly kind: 'added' | 'removed' | 'same';
  readonly text: string;
  readonly isEmpty: boolean;
  readonly sizeBytes?: number;
}

export interface PagePackage {
  readonly manager: string;
  readonly name: string;
  readonly kind: 'added' | 'removed' | 'upgraded' | 'downgraded' | 'rewritten';
  readonly left?: string;
  readonly right?: string;
}

export const restOf = ['config', 'history', 'packages', 'remarks'] as const;

/** All of a report but its files. */
export interface DiffPageHead {
  readonly left: PageSide;
  readonly right: PageSide;
  readonly strictness: 'strict' | 'semantic';
  /** How many rows follow, and how many were too many to show. */
  readonly rowCount: number;
  readonly leftOut: number;
  /** In the order of {@link pageKinds}. */
  readonly totals: readonly PageTotal[];
  readonly config: readonly PageSetting[];
  readonly history: readonly PageStep[];
  readonly packages: readonly PagePackage[];
  readonly remarks: readonly string[];
  /** How many of each were too many to show. */
  readonly rest: Readonly<Record<(typeof restOf)[number], number>>;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= longestPath;
const isTextIfAny = (value: unknown): boolean => value === undefined || isText(value);
const isOneOf = (value: unknown, known: readonly string[]): boolean =>
  known.some((possible) => possible === value);

function isRest(value: unknown): boolean {
  return isFields(value) && restOf.every((name) => isCount(value[name]));
}

/** The head of a report, or undefined for anything that is none. */
export function parseDiffPageHead(value: unknown): DiffPageHead | undefined {
  if (!isFields(value)) return undefined;
  const isSound =
    isSide(value['left']) &&
    isSide(value['right']) &&
    isOneOf(value['strictness'], ['strict', 'semantic']) &&
    isCount(value['rowCount']) &&
    value['rowCount'] <= mostPageRows &&
    isCount(value['leftOut']) &&
    isListOf(value['totals'], isTotal, pageKinds.length) &&
    isListOf(value['config'], isSetting, mostSettings) &&
    isListOf(value['history'], isStep, mostSteps) &&
    isListOf(value['packages'], isPackage, mostPackages) &&
    isListOf(value['remarks'], isText, mostRemarks) &&
    isRest(value['rest']);
  return isSound ? (value as unknown as DiffPageHead) : undefined;
}

/** What the first block of a report in a file of its own holds. */
export interface DiffFileHead {
  readonly language: string;
  readonly strings: DiffPageStrings;
  readonly head: DiffPageHead;
}

/** The first block of a file, or undefined for anything that is none. */
export function parseDiffFileHead(value: unknown): DiffFileHead | undefined {
  if (!isFields(value)) return undefined;
  const { language } = value;
  const strings = parseDiffPageStrings(value['strings']);
  const head = parseDiffPageHead(value['head']);
  return isText(language) && strings !== undefined && head !== undefined
    ? { language, strings, head }
    : undefined;
}

/** A chunk of rows, or undefined for anything that is none. */
export function parseWireRows(value: unknown): readonly WireRow[] | undefined {
  return isListOf(value, isWireRow, rowsPerChunk) ? (value as readonly WireRow[]) : undefined;
}

function isSide(value: unknown): boolean {
  return (
    isFields(value) &&
    isText(value['name']) &&
    isText(value['kind']) &&
    isCount(value['fileCount']) &&
    isCount(value['sizeBytes'])
  );
}

function isTotal(value: unknown): boolean {
  return (
    isFields(value) && isCount(value['count']) && isCount(value['leftBytes']) && isCount(value['rightBytes'])
  );
}

function isSetting(value: unknown): boolean {
  return (
    isFields(value) &&
    isText(value['setting']) &&
    isTextIfAny(value['left']) &&
    isTextIfAny(value['right']) &&
    (value['isHidden'] === undefined || value['isHidden'] === true)
  );
}

function isStep(value: unknown): boolean {
  return (
    isFields(value) &&
    isOneOf(value['kind'], ['added', 'removed', 'same']) &&
    isText(value['text']) &&
    typeof value['isEmpty'] === 'boolean' &&
    (value['sizeBytes'] === undefined || isCount(value['sizeBytes']))
  );
}

function isPackage(value: unknown): boolean {
  return (
    isFields(value) &&
    isText(value['manager']) &&
    isText(value['name']) &&
    isOneOf(value['kind'], ['added', 'removed', 'upgraded', 'downgraded', 'rewritten']) &&
    isTextIfAny(value['left']) &&
    isTextIfAny(value['right'])
  );
}

function isWireRow(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 7) return false;
  const [shared, rest, kind, fields, left, right, from] = value as readonly unknown[];
  return (
    isCount(shared) &&
    shared <= longestPath &&
    isText(rest) &&
    isCount(kind) &&
    kind < pageKinds.length &&
    isCount(fields) &&
    isWireFacts(left) &&
    isWireFacts(right) &&
    isText(from)
  );
}

function isWireFacts(value: unknown): boolean {
  if (value === 0) return true;
  if (!Array.isArray(value) || value.length !== 8) return false;
  const [type, mode, uid, gid, sizeBytes, mtime, link, sha256] = value as readonly unknown[];
  return (
    isCount(type) &&
    type < pageFileTypes.length &&
    isCount(mode) &&
    isCount(uid) &&
    isCount(gid) &&
    isCount(sizeBytes) &&
    Number.isFinite(mtime) &&
    isText(link) &&
    isText(sha256)
  );
}
