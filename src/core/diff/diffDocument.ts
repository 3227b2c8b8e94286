import { remarkText } from '../diffRemark.ts';
import { isRaw, pathBytes } from '../layers/entryNames.ts';
import type { DiffReport, FileChange } from './diffReport.ts';
import type { FileFacts } from '../layers/treeNode.ts';
import { isDifferent, sumsByKind } from './diffSums.ts';
import { timeWords } from './diffWords.ts';

/**
 * The report as one JSON document: sizes in bytes, times in ISO 8601, modes in octal digits. A path that is no UTF-8 has
 * U+FFFD in it, and its bytes in base64 beside it. What is absent on a side is null.
 */
export function diffDocument(report: DiffReport): Readonly<Record<string, unknown>> {
  const { left, right, strictness, files, config, history, packages, remarks } = report;
  return {
    left,
    right,
    strictness,
    isDifferent: isDifferent(report),
    sums: sumsByKind(report),
    files: files.map(fileDocument),
    config: config.map((change) => ({
      setting: change.setting,
      left: change.left ?? null,
      right: change.right ?? null,
    })),
    history: history.map(({ kind, keyword, text, isEmpty, hasSameLayer }) => ({
      kind,
      keyword,
      text,
      isEmpty,
      hasSameLayer: hasSameLayer ?? null,
    })),
    packages: packages.map((change) => ({
      manager: change.manager,
      name: change.name,
      architecture: change.architecture ?? null,
      kind: change.kind,
      left: change.left ?? null,
      right: change.right ?? null,
    })),
    remarks: remarks.map((remark) => remarkText(remark)),
  };
}

function fileDocument({
  kind,
  path,
  from,
  fields,
  left,
  right,
}: FileChange): Readonly<Record<string, unknown>> {
  return {
    kind,
    ...pathDocument('path', path),
    ...(from !== undefined && pathDocument('from', from)),
    fields,
    left: left ? factsDocument(left) : null,
    right: right ? factsDocument(right) : null,
  };
}

function pathDocument(key: 'path' | 'from', path: string): Readonly<Record<string, string>> {
  if (!isRaw(path)) return { [key]: `/${path}` };
  const bytes = pathBytes(`/${path}`);
  return {
    [key]: bytes.toString('utf8'),
    [key === 'path' ? 'rawPath' : 'rawFrom']: bytes.toString('base64'),
  };
}

function factsDocument({
  type,
  mode,
  uid,
  gid,
  sizeBytes,
  mtime,
  link,
  sha256,
}: FileFacts): Readonly<Record<string, unknown>> {
  return {
    type,
    mode: mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    sizeBytes,
    mtime: timeWords(mtime),
    link: link ?? null,
    sha256: sha256 ?? null,
  };
}
