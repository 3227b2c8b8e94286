/**
 * Variables, quotes and escape signs of a Dockerfile, resolved as builders do it.
 * Source: docs.docker.com/reference/dockerfile, "Environment replacement".
 */
import type { EscapeSign } from './readInstructions.ts';

/** What a variable holds; `unknown` where only the build knew, for example one that the base image sets. */
export type VariableValue =
  { readonly kind: 'set'; readonly value: string } | { readonly kind: 'unset' | 'unknown' };

export type Lookup = (name: string) => VariableValue;

/** Stands in a text for what is not known, of any length. No Dockerfile can hold the sign itself. */
export const anything = '\u0000';

/** Deeper nesting of `${a:-${b:-…}}` is left as it is. */
const deepest = 20;

/**
 * The words of `text`, split at blanks outside quotes, with variables replaced and quotes and escapes taken away.
 * A replaced value is not split again.
 */
export function resolvedWords(text: string, lookup: Lookup, escape: EscapeSign): readonly string[] {
  const reader = new Reader(text.replaceAll(anything, ''), lookup, escape);
  const words: string[] = [];
  while (reader.skipBlanks()) words.push(reader.word());
  return words;
}

/** As {@link resolvedWords}, with blanks kept as they are: one value. */
export function resolved(text: string, lookup: Lookup, escape: EscapeSign): string {
  return new Reader(text.replaceAll(anything, ''), lookup, escape).all();
}

/** What the variables of one text bring together; more counts as not known, or values of values would grow for ever. */
const mostReplaced = 16 << 10;

class Reader {
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #escape: EscapeSign;
  #at = 0;
  #replaced = 0;

  constructor(text: string, lookup: Lookup, escape: EscapeSign) {
    this.#text = text;
    this.#lookup = lookup;
    this.#escape = escape;
  }

  /** Whether there is another word. */
  skipBlanks(): boolean {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#at < this.#text.length;
  }

  word(): string {
    return this.#until((sign) => /\s/.test(sign), 0);
  }

  all(): string {
    return this.#until(() => false, 0);
  }

  #until(ends: (sign: string) => boolean, depth: number): string {
    let out = '';
    while (this.#at < this.#text.length) {
      const sign = this.#text.charAt(this.#at);
      if (ends(sign)) break;
      out += this.#piece(sign, depth);
    }
    return out;
  }

  /** What one sign, or that which it begins, stands for. */
  #piece(sign: string, depth: number): string {
    if (sign === "'") return this.#singleQuoted();
    if (sign === '"') return this.#doubleQuoted(depth);
    if (sign === '$') return this.#variable(depth);
    this.#at += 1;
    if (sign !== this.#escape) return sign;
    // At the very end it stands for itself.
    if (this.#at >= this.#text.length) return sign;
    this.#at += 1;
    return this.#text.charAt(this.#at - 1);
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    const stop = end === -1 ? this.#text.length : end;
    const inside = this.#text.slice(this.#at + 1, stop);
    this.#at = stop + 1;
    return inside;
  }

  #doubleQuoted(depth: number): string {
    this.#at += 1;
    let out = '';
    while (this.#at < this.#text.length) {
      const sign = this.#text.charAt(this.#at);
      if (sign === '"') break;
      if (sign === '$') {
        out += this.#variable(depth);
        continue;
      }
      const next = this.#text.charAt(this.#at + 1);
      const isEscaped = sign === this.#escape && ['"', '$', this.#escape].includes(next);
      out += isEscaped ? next : sign;
      this.#at += isEscaped ? 2 : 1;
    }
    this.#at += 1;
    return out;
  }

  #variable(depth: number): string {
    this.#at += 1;
    const plain = /[A-Za-z_]\w*|\d/y;
    plain.lastIndex = this.#at;
    const name = plain.exec(this.#text)?.[0];
    if (name !== undefined) {
      this.#at += name.length;
      return this.#counted(valueOf(this.#lookup(name)));
    }
    if (this.#text.charAt(this.#at) !== '{' || depth >= deepest) return '$';
    const braced = /\{([A-Za-z_]\w*)(:?[-+?]|[#%]{1,2}|\/{1,2}|\})/y;
    braced.lastIndex = this.#at;
    const [start, inside = '', operator = ''] = braced.exec(this.#text) ?? [];
    if (start === undefined) return '$';
    this.#at += start.length;
    if (operator === '}') return this.#counted(valueOf(this.#lookup(inside)));
    const word = this.#until((sign) => sign === '}', depth + 1);
    this.#at += 1;
    return this.#counted(modified(this.#lookup(inside), operator, word));
  }

  #counted(value: string): string {
    this.#replaced += value.length;
    return this.#replaced > mostReplaced ? anything : value;
  }
}

function valueOf(value: VariableValue): string {
  return value.kind === 'set' ? value.value : value.kind === 'unset' ? '' : anything;
}

function modified(value: VariableValue, operator: string, word: string): string {
  if (value.kind === 'unknown') return anything;
  const counts = value.kind === 'set' && (!operator.startsWith(':') || value.value !== '');
  switch (operator.replace(':', '')) {
    case '-':
      return counts ? valueOf(value) : word;
    case '+':
      return counts ? word : '';
    case '?':
      return valueOf(value);
    // Patterns: what they leave is not worked out.
    default:
      return valueOf(value) === '' ? '' : anything;
  }
}
