import { compareNumbers } from './debianVersion.ts';
import { compareSegments } from './rpmVersion.ts';

const version =
  /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<stage>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<stageNumber>\d*))?(?<post>-(?<bare>\d+)|[-_.]?(?:post|rev|r)[-_.]?(?<postNumber>\d*))?(?:(?<dev>[-_.]?dev)[-_.]?(?<devNumber>\d*))?(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

/** Anything longer is no version. */
const longest = 256;

interface Parts {
  readonly epoch: string;
  readonly release: readonly string[];
  /** Stage and its number; one that is empty stands for none. */
  readonly stage: readonly [rank: number, number: string];
  readonly post: readonly [rank: number, number: string];
  readonly dev: readonly [rank: number, number: string];
  readonly local: readonly string[];
}

/**
 * Which of two versions of Python packages is later: negative, zero or positive. What is no version is compared by its
 * numbers. Source: PEP 440, as the packaging guide's "Version specifiers" has it.
 */
export function comparePythonVersions(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  if (left === undefined || right === undefined) return compareSegments(one, other);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    compareLists(left.release, right.release) ||
    compareRanked(left.stage, right.stage) ||
    compareRanked(left.post, right.post) ||
    compareRanked(left.dev, right.dev) ||
    compareLocal(left.local, right.local)
  );
}

function partsOf(text: string): Parts | undefined {
  const groups = text.length > longest ? undefined : version.exec(text.trim().toLowerCase())?.groups;
  if (groups === undefined) return undefined;
  const { epoch = '', release = '', stage, stageNumber = '', post, bare, postNumber = '' } = groups;
  const { dev, devNumber = '', local } = groups;
  const isStaged = stage !== undefined;
  // 1.0.dev1 comes before 1.0a1; 1.0.post1.dev1 comes after 1.0.
  const none = dev !== undefined && post === undefined ? -1 : 3;
  return {
    epoch,
    release: release.split('.'),
    stage: isStaged ? [stageRank(stage), stageNumber] : [none, ''],
    post: post === undefined ? [0, ''] : [1, bare ?? postNumber],
    dev: dev === undefined ? [1, ''] : [0, devNumber],
    local: local?.split(/[-_.]/) ?? [],
  };
}

function stageRank(stage: string): number {
  if (stage.startsWith('a')) return 0;
  return stage.startsWith('b') ? 1 : 2;
}

/** What is missing at the end is zero. */
function compareLists(one: readonly string[], other: readonly string[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const order = compareNumbers(one[at] ?? '', other[at] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function compareRanked(
  [rank, number]: readonly [number, string],
  [otherRank, otherNumber]: readonly [number, string],
): number {
  return rank - otherRank || compareNumbers(number, otherNumber);
}

/** Numbers are later than words, and more is later than less. */
function compareLocal(one: readonly string[], other: readonly string[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const [a, b] = [one[at], other[at]];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
    if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
    const order = isNumber ? compareNumbers(a, b) : a === b ? 0 : a < b ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}
