import {
  longestPath,
  longestText,
  mostPackages,
  mostPageRows,
  mostRemarks,
  mostSettings,
  mostSteps,
  pageFields,
  pageFileTypes,
  pageKinds,
  rowsPerChunk,
  type DiffPageHead,
  type PageTotal,
  type WireFacts,
  type WireRow,
} from './diffPageData.ts';
import { remarkText, type Worded } from '../diffRemark.ts';
import type { DiffReport, FileChange } from './diffReport.ts';
import type { FileFacts } from '../layers/treeNode.ts';
import { isHiddenChange } from './diffWords.ts';

/** Digits of a sha256 that the page shows: enough to tell two contents apart by eye. */
const shownDigits = 16;

/** What the page shows at once; remarks are English unless `worded` gives another language. */
export function diffPageHead(report: DiffReport, worded?: Worded): DiffPageHead {
  const { left, right, strictness, files, config, history, packages, remarks } = report;
  return {
    left: { ...left, sizeBytes: sum(left.sizeBytes) },
    right: { ...right, sizeBytes: sum(right.sizeBytes) },
    strictness,
    rowCount: Math.min(files.length, mostPageRows),
    leftOut: Math.max(0, files.length - mostPageRows),
    totals: totalsOf(files),
    config: config.slice(0, mostSettings).map((change) => ({
      setting: cut(change.setting),
      ...(change.left !== undefined && { left: cut(change.left) }),
      ...(change.right !== undefined && { right: cut(change.right) }),
      ...(isHiddenChange(change) && { isHidden: true as const }),
    })),
    history: history.slice(0, mostSteps).map(({ kind, text, isEmpty, sizeBytes }) => ({
      kind,
      text: cut(text),
      isEmpty,
      ...(sizeBytes !== undefined && { sizeBytes }),
    })),
    packages: packages
      .slice(0, mostPackages)
      .map(({ manager, name, architecture, kind, left: before, right: after }) => ({
        manager,
        name: cut(architecture === undefined ? name : `${name}:${architecture}`),
        kind,
        ...(before !== undefined && { left: cut(before) }),
        ...(after !== undefined && { right: cut(after) }),
      })),
    remarks: remarks.slice(0, mostRemarks).map((remark) => cut(remarkText(remark, worded))),
    rest: {
      config: Math.max(0, config.length - mostSettings),
      history: Math.max(0, history.length - mostSteps),
      packages: Math.max(0, packages.length - mostPackages),
      remarks: Math.max(0, remarks.length - mostRemarks),
    },
  };
}

function totalsOf(files: readonly FileChange[]): readonly PageTotal[] {
  const totals = pageKinds.map(() => ({ count: 0, leftBytes: 0, rightBytes: 0 }));
  for (const { kind, left, right } of files) {
    const total = totals[pageKinds.indexOf(kind)];
    if (total === undefined) continue;
    total.count += 1;
    total.leftBytes += left?.sizeBytes ?? 0;
    total.rightBytes += right?.sizeBytes ?? 0;
  }
  return totals.map((total) => ({
    count: total.count,
    leftBytes: sum(total.leftBytes),
    rightBytes: sum(total.rightBytes),
  }));
}

/** The rows from `start` on, as many as one chunk holds. */
export function diffPageRows(report: DiffReport, start: number): readonly WireRow[] {
  let before = '';
  return report.files.slice(start, Math.min(start + rowsPerChunk, mostPageRows)).map((change) => {
    const shared = sharedUnits(before, change.path);
    before = change.path;
    return wireRow(change, shared);
  });
}

function wireRow({ path, kind, fields, left, right, from }: FileChange, shared: number): WireRow {
  return [
    shared,
    path.slice(shared, longestPath),
    pageKinds.indexOf(kind),
    fields.reduce((bits, field) => bits | (1 << pageFields.indexOf(field)), 0),
    left === undefined ? 0 : wireFacts(left),
    right === undefined ? 0 : wireFacts(right),
    from?.slice(0, longestPath) ?? '',
  ];
}

function wireFacts({ type, mode, uid, gid, sizeBytes, mtime, link, sha256 }: FileFacts): WireFacts {
  return [
    pageFileTypes.indexOf(type),
    count(mode),
    count(uid),
    count(gid),
    count(sizeBytes),
    Number.isFinite(mtime) ? mtime : 0,
    link?.slice(0, longestPath) ?? '',
    sha256?.slice(0, shownDigits) ?? '',
  ];
}

/** Odd numbers of an archive must not make the page refuse the chunk they are in. */
function count(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** Sizes that an archive only claims can add up to more than a number holds; the page would refuse the whole head. */
function sum(bytes: number): number {
  return bytes > 0 ? Math.min(Math.trunc(bytes), Number.MAX_SAFE_INTEGER) : 0;
}

function sharedUnits(a: string, b: string): number {
  const most = Math.min(a.length, b.length, longestPath);
  let shared = 0;
  while (shared < most && a.charCodeAt(shared) === b.charCodeAt(shared)) shared += 1;
  return shared;
}

function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}
