import { compareNumbers } from './debianVersion.ts';

/**
 * Which of two `[epoch:]version[-release]` is later: negative, zero or positive. A missing release is any.
 * Source: rpm-version(7) and the manual of rpm 4.18, "Versioning".
 */
export function compareRpmVersions(one: string, other: string): number {
  const [first, second] = [partsOf(one), partsOf(other)];
  const order = compareNumbers(first.epoch, second.epoch) || compareSegments(first.version, second.version);
  if (order !== 0 || first.release === undefined || second.release === undefined) return order;
  return compareSegments(first.release, second.release);
}

function partsOf(text: string): {
  readonly epoch: string;
  readonly version: string;
  readonly release: string | undefined;
} {
  const epoch = /^(\d+):/.exec(text)?.[1];
  const rest = epoch === undefined ? text : text.slice(epoch.length + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: epoch ?? '',
    version: dash < 0 ? rest : rest.slice(0, dash),
    release: dash < 0 ? undefined : rest.slice(dash + 1),
  };
}

/**
 * Segments of digits and of letters in turn; what separates them counts for nothing.
 *
 * 1. A tilde comes before everything, also before the end; a caret before everything but the end.
 * 2. Digits are later than letters, and compared as numbers.
 * 3. Of two that are alike so far, the longer one is later.
 */
export function compareSegments(one: string, other: string): number {
  const [left, right] = [segmentsOf(one), segmentsOf(other)];
  for (let at = 0; ; at++) {
    const [a, b] = [left[at], right[at]];
    if (a === b) {
      if (a === undefined) return 0;
      continue;
    }
    if (a === '~' || b === '~') return a === '~' ? -1 : 1;
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    if (a === '^' || b === '^') return a === '^' ? -1 : 1;
    const [isNumber, isOtherNumber] = [isDigits(a), isDigits(b)];
    if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
    const order = isNumber ? compareNumbers(a, b) : a < b ? -1 : 1;
    if (order !== 0) return order;
  }
}

function segmentsOf(text: string): readonly string[] {
  return text.match(/[0-9]+|[A-Za-z]+|~|\^/g) ?? [];
}

function isDigits(segment: string): boolean {
  return /^[0-9]/.test(segment);
}
