/**
 * Which of two versions of Debian packages is later: negative, zero or positive. Source: Debian Policy 4.14, section
 * 5.6.12.
 */
export function compareDebianVersions(one: string, other: string): number {
  const [first, second] = [partsOf(one), partsOf(other)];
  return (
    compareNumbers(first.epoch, second.epoch) ||
    comparePart(first.upstream, second.upstream) ||
    comparePart(first.revision, second.revision)
  );
}

function partsOf(version: string): {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
} {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: version.slice(0, Math.max(colon, 0)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** Runs of other characters and of digits in turn. */
function comparePart(one: string, other: string): number {
  const pieces = /([^0-9]*)([0-9]*)/y;
  const next = (text: string, at: number): readonly [string, string] => {
    pieces.lastIndex = at;
    const found = pieces.exec(text);
    return [found?.[1] ?? '', found?.[2] ?? ''];
  };
  for (let at = 0, otherAt = 0; at < one.length || otherAt < other.length;) {
    const [[text, digits], [otherText, otherDigits]] = [next(one, at), next(other, otherAt)];
    const order = compareText(text, otherText) || compareNumbers(digits, otherDigits);
    if (order !== 0) return order;
    at += text.length + digits.length;
    otherAt += otherText.length + otherDigits.length;
  }
  return 0;
}

/** A tilde comes before the end, that before letters, and those before all else. */
function compareText(one: string, other: string): number {
  for (let at = 0; at < one.length || at < other.length; at++) {
    const order = weightAt(one, at) - weightAt(other, at);
    if (order !== 0) return order;
  }
  return 0;
}

function weightAt(text: string, at: number): number {
  const character = text[at];
  if (character === undefined) return 0;
  if (character === '~') return -1;
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 256);
}

/** Digits as numbers, however many; none is zero. */
export function compareNumbers(one: string, other: string): number {
  const [first, second] = [one.replace(/^0+/, ''), other.replace(/^0+/, '')];
  if (first.length !== second.length) return first.length - second.length;
  return first === second ? 0 : first < second ? -1 : 1;
}
