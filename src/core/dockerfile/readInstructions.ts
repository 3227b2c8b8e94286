/**
 * Cuts a Dockerfile into instructions, as the builders' own reader does: which lines belong together decides what
 * stands in an image's history. (dockerfile-ast takes an escaped escape sign at the end of a line for a continued
 * line, and keeps no joined text of a here-document; a test compares the two everywhere else.)
 *
 * Source: docs.docker.com/reference/dockerfile, "Format", "Parser directives", "Here-documents".
 */
import { failure } from '../errors.ts';
import { hereDocumentsOf, type HereDocument } from './hereDocuments.ts';

/** One instruction as it stands in the file. Lines are counted from 0. */
export interface WrittenInstruction {
  /** In capitals; whatever stands there, also a word that no builder knows. */
  readonly keyword: string;
  /** `--from=build` and the like, in their order. */
  readonly flags: readonly string[];
  /** What follows the flags, continued lines joined, without the blanks around it. */
  readonly operands: string;
  readonly hereDocuments: readonly HereDocument[];
  readonly firstLine: number;
  /** The last line of it, that which ends a here-document included. */
  readonly lastLine: number;
}

export type EscapeSign = '\\' | '`';

export interface WrittenDockerfile {
  readonly escape: EscapeSign;
  readonly instructions: readonly WrittenInstruction[];
}

/** No person writes more; the reader looks at each sign once. */
const mostSigns = 512 << 10;
const mostInstructions = 5_000;

const blank = /^[ \t\v\f\r]*$/;

/**
 * Reads a whole file. Whatever it is, something comes out: words that no builder knows are instructions too.
 * Throws `dockerfileTooLarge`.
 */
export function readInstructions(text: string): WrittenDockerfile {
  if (text.length > mostSigns) throw failure('dockerfileTooLarge', { limit: `${mostSigns} characters` });
  const lines = text.replace(/^\ufeff/, '').split('\n');
  const escape = escapeOf(lines);
  const continued = escape === '`' ? /(^|[^`])`[ \t]*$/ : /(^|[^\\])\\[ \t]*$/;
  const instructions: WrittenInstruction[] = [];

  for (let at = 0; at < lines.length; at++) {
    const firstLine = at;
    let line = withoutReturn(lines[at] ?? '');
    if (isComment(line) || blank.test(line)) continue;
    line = line.trimStart();
    const parts: string[] = [];
    let lastLine = at;
    while (continued.test(line)) {
      parts.push(line.replace(continued, '$1'));
      line = '';
      // Comments and empty lines in between do not end an instruction.
      for (at += 1; at < lines.length; at++) {
        const next = withoutReturn(lines[at] ?? '');
        if (isComment(next) || blank.test(next)) continue;
        line = next;
        lastLine = at;
        break;
      }
    }
    parts.push(line);
    at = lastLine;
    const { keyword, flags, operands } = cut(parts.join(''));
    if (keyword === '') continue;
    const found = hereDocumentsOf(keyword, operands, lines, lastLine + 1);
    at = found.lastLine;
    instructions.push({
      keyword,
      flags,
      operands,
      hereDocuments: found.hereDocuments,
      firstLine,
      lastLine: found.lastLine,
    });
    if (instructions.length > mostInstructions)
      throw failure('dockerfileTooLarge', { limit: `${mostInstructions} instructions` });
  }
  return { escape, instructions };
}

/** The sign that continues a line. Directives stand before everything else, each once, and end at the first other line. */
function escapeOf(lines: readonly string[]): EscapeSign {
  const seen = new Set<string>();
  for (const line of lines) {
    const [, name = '', value] = /^#[ \t]*([A-Za-z]\w*)[ \t]*=[ \t]*(\S[^]*)$/.exec(line.trim()) ?? [];
    const directive = name.toLowerCase();
    if (!['escape', 'syntax', 'check'].includes(directive) || seen.has(directive)) return '\\';
    seen.add(directive);
    if (directive === 'escape') return value === '`' ? '`' : '\\';
  }
  return '\\';
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith('#');
}

function cut(line: string): Pick<WrittenInstruction, 'keyword' | 'flags' | 'operands'> {
  const keyword = /^\S*/.exec(line)?.[0] ?? '';
  let rest = line.slice(keyword.length).trim();
  const flags: string[] = [];
  for (;;) {
    const flag = /^--(?:[A-Za-z][\w-]*)(?:=(?:"[^"]*"|\S)*)?(?=\s|$)/.exec(rest)?.[0];
    if (flag === undefined) return { keyword: keyword.toUpperCase(), flags, operands: rest };
    flags.push(flag);
    rest = rest.slice(flag.length).trimStart();
  }
}
