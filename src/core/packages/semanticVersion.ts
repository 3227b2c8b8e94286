import { compareNumbers } from './debianVersion.ts';
import { compareSegments } from './rpmVersion.ts';

/**
 * Which of two versions of npm packages is later: negative, zero or positive. Build metadata counts for nothing. What is
 * no semantic version is compared by its numbers. Source: Semantic Versioning 2.0.0, section 11.
 */
export function compareSemanticVersions(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  if (left === undefined || right === undefined) return compareSegments(one, other);
  for (const [at, number] of left.numbers.entries()) {
    const order = compareNumbers(number, right.numbers[at] ?? '');
    if (order !== 0) return order;
  }
  const [pre, otherPre] = [left.before, right.before];
  if (pre.length === 0 || otherPre.length === 0) return otherPre.length - pre.length;
  for (const [at, word] of pre.entries()) {
    const otherWord = otherPre[at];
    if (otherWord === undefined) return 1;
    const order = compareWords(word, otherWord);
    if (order !== 0) return order;
  }
  return pre.length - otherPre.length;
}

function partsOf(
  text: string,
): { readonly numbers: readonly string[]; readonly before: readonly string[] } | undefined {
  const found = /^[v=\s]*(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]*)?$/.exec(text);
  return found === null ? undefined : { numbers: found.slice(1, 4), before: found[4]?.split('.') ?? [] };
}

function compareWords(one: string, other: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
  if (isNumber && isOtherNumber) return compareNumbers(one, other);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return one === other ? 0 : one < other ? -1 : 1;
}
