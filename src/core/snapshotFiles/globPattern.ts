import { failure } from '../errors.ts';

type Token =
  | { readonly kind: 'character'; readonly text: string }
  | { readonly kind: 'one' }
  | {
      readonly kind: 'set';
      readonly isNegated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    }
  /** What the next two tokens mean may be left out: `**` and a slash stand for no folder too. */
  | { readonly kind: 'maybe' }
  /** `*`: any number of characters in one name; `**`: across names. */
  | { readonly kind: 'many'; readonly isDeep: boolean };

const anyFolders: readonly Token[] = [
  { kind: 'maybe' },
  { kind: 'many', isDeep: true },
  { kind: 'character', text: '/' },
];

const maxLength = 1000;

/** Says which paths a pattern means. */
export interface GlobPattern {
  /** Whether it means a path; paths are written without a slash before them. */
  readonly matches: (path: string) => boolean;
  /** The only path it can mean, where it has no wildcard and starts at the root. */
  readonly only?: string;
}

/**
 * `*` is any part of a name, `**` any part of a path, `?` one character, `[a-z]` and `[!a-z]` one of them or none of
 * them, `\` takes the next one as it is. A pattern that starts with `/` starts at the root, one with a slash
 * elsewhere in any folder, one without a slash means names. Takes time in proportion to the lengths of both, whatever
 * they are. Throws `badPattern`.
 */
export function globPattern(text: string): GlobPattern {
  if (text === '' || text.length > maxLength)
    throw failure('badPattern', { text: text.slice(0, 100), reason: `it has ${text.length} characters` });
  const isRooted = text.startsWith('/');
  const own = tokensOf(text.replace(/^\/+|\/+$/g, ''), text);
  const literal = longestLiteral(own);
  const isName = !text.includes('/');
  const tokens = isRooted || isName ? own : [...anyFolders, ...own];
  const matches = (path: string): boolean =>
    path.includes(literal) && isMatch(tokens, isName ? path.slice(path.lastIndexOf('/') + 1) : path);
  const isPlain = own.every(({ kind }) => kind === 'character');
  return { matches, ...(isRooted && isPlain && { only: literal }) };
}

function tokensOf(text: string, whole: string): readonly Token[] {
  const tokens: Token[] = [];
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    switch (character) {
      case '*': {
        const isDeep = characters[at + 1] === '*';
        if (isDeep) at += 1;
        const isWholePart = isDeep && (at < 2 || characters[at - 2] === '/') && characters[at + 1] === '/';
        if (isWholePart) {
          tokens.push(...anyFolders);
          at += 1;
        } else tokens.push({ kind: 'many', isDeep });
        break;
      }
      case '?':
        tokens.push({ kind: 'one' });
        break;
      case '[': {
        const end = characters.indexOf(']', at + (characters[at + 1] === '!' ? 3 : 2));
        if (end < 0) throw failure('badPattern', { text: whole, reason: 'a [ without its ]' });
        tokens.push(setOf(characters.slice(at + 1, end)));
        at = end;
        break;
      }
      case '\\':
        at += 1;
        tokens.push({ kind: 'character', text: characters[at] ?? '\\' });
        break;
      default:
        tokens.push({ kind: 'character', text: character });
    }
  }
  return tokens;
}

function setOf(inside: readonly string[]): Token {
  const isNegated = inside[0] === '!';
  const members = isNegated ? inside.slice(1) : inside;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < members.length; at++) {
    const from = members[at] ?? '';
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    ranges.push([from, isRange ? (members[at + 2] ?? from) : from]);
    if (isRange) at += 2;
  }
  return { kind: 'set', isNegated, ranges };
}

/** What every path that matches has in it, so that the others are told apart quickly. */
function longestLiteral(tokens: readonly Token[]): string {
  let longest = '';
  let literal = '';
  for (const [place, token] of tokens.entries()) {
    const isLeftOut = tokens[place - 2]?.kind === 'maybe';
    literal = token.kind === 'character' && !isLeftOut ? literal + token.text : '';
    if (literal.length > longest.length) longest = literal;
  }
  return longest;
}

/** Follows all ways to read the pattern at once: a set of places in it, moved on by each character. */
function isMatch(tokens: readonly Token[], path: string): boolean {
  let places = withSkipped(tokens, [0]);
  for (const character of path) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === undefined || !takes(token, character)) continue;
      next.add(token.kind === 'many' ? place : place + 1);
    }
    if (next.size === 0) return false;
    places = withSkipped(tokens, next);
  }
  return places.has(tokens.length);
}

function takes(token: Token, character: string): boolean {
  switch (token.kind) {
    case 'character':
      return token.text === character;
    case 'maybe':
      return false;
    case 'one':
      return character !== '/';
    case 'many':
      return token.isDeep || character !== '/';
    case 'set':
      return (
        character !== '/' &&
        token.ranges.some(([from, to]) => from <= character && character <= to) !== token.isNegated
      );
  }
}

/** Adds the places that are reached without a character: `*` may stand for nothing. */
function withSkipped(tokens: readonly Token[], places: Iterable<number>): ReadonlySet<number> {
  const all = new Set(places);
  // A set that grows is walked to its new end.
  for (const place of all) {
    const kind = tokens[place]?.kind;
    if (kind === 'many' || kind === 'maybe') all.add(place + 1);
    if (kind === 'maybe') all.add(place + 3);
  }
  return all;
}
