import { compareNumbers } from './debianVersion.ts';

/** Suffixes in their order; those before the empty one come before a version without a suffix. */
const suffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];
const usual = suffixes.indexOf('');

/** Kinds of tokens. Where two versions go on with different ones, the one with the higher kind is earlier. */
const kinds = ['number', 'letter', 'suffix', 'suffixNumber', 'hash', 'revision', 'end'] as const;

interface Token {
  readonly kind: (typeof kinds)[number];
  readonly text: string;
}

const end: Token = { kind: 'end', text: '' };

/**
 * Which of two versions of Alpine packages is later: negative, zero or positive.
 * Source: apk-package(5) of apk-tools 3, "PACKAGE VERSION".
 */
export function compareAlpineVersions(one: string, other: string): number {
  const [left, right] = [tokensOf(one), tokensOf(other)];
  for (let at = 0; ; at++) {
    const [a, b] = [left[at] ?? end, right[at] ?? end];
    if (a.kind !== b.kind) return compareKinds(a, b);
    if (a.kind === 'end') return 0;
    const order = compareTokens(a, b, at);
    if (order !== 0) return order;
  }
}

function compareKinds(a: Token, b: Token): number {
  // A suffix that means "before the release" comes before whatever the other goes on with.
  if (a.kind === 'suffix' && suffixes.indexOf(a.text) < usual) return -1;
  if (b.kind === 'suffix' && suffixes.indexOf(b.text) < usual) return 1;
  return kinds.indexOf(b.kind) - kinds.indexOf(a.kind);
}

function compareTokens(a: Token, b: Token, at: number): number {
  switch (a.kind) {
    case 'suffix':
      return suffixes.indexOf(a.text) - suffixes.indexOf(b.text);
    case 'number': {
      // Behind the first dot a leading zero makes it a fraction.
      const isFraction = at > 0 && (a.text.startsWith('0') || b.text.startsWith('0'));
      return isFraction ? compareTexts(a.text, b.text) : compareNumbers(a.text, b.text);
    }
    case 'suffixNumber':
    case 'revision':
      return compareNumbers(a.text, b.text);
    default:
      return compareTexts(a.text, b.text);
  }
}

function compareTexts(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/** What is no version any more is left out. */
function tokensOf(version: string): readonly Token[] {
  const tokens: Token[] = [];
  const piece =
    /(?:^|\.)(\d+)|(?<=\d)([a-z])(?![a-z])|_(alpha|beta|pre|rc|cvs|svn|git|hg|p)(\d*)|~([0-9a-f]+)|-r(\d+)/y;
  for (let found = piece.exec(version); found; found = piece.exec(version)) {
    const [, number, letter, suffix, suffixNumber, hash, revision] = found;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    if (letter !== undefined) tokens.push({ kind: 'letter', text: letter });
    if (suffix !== undefined) tokens.push({ kind: 'suffix', text: suffix });
    if (suffixNumber !== undefined && suffixNumber !== '')
      tokens.push({ kind: 'suffixNumber', text: suffixNumber });
    if (hash !== undefined) tokens.push({ kind: 'hash', text: hash });
    if (revision !== undefined) tokens.push({ kind: 'revision', text: revision });
  }
  return tokens;
}
