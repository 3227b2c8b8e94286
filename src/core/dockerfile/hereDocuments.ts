/** Here-documents of a Dockerfile: `RUN <<EOF`, `COPY <<one.conf <<two.conf /etc/`. */

export interface HereDocument {
  /** The mark without its quotes; for COPY the name of the file too. */
  readonly name: string;
  /** The lines with their ends, as they stand there. */
  readonly raw: string;
  /** The same without the tabs before them where the mark is `<<-`. */
  readonly content: string;
}

const holders: ReadonlySet<string> = new Set(['ADD', 'COPY', 'RUN']);

/**
 * Takes the here-documents that `operands` announces off the lines from `line` on. One that nothing ends reaches to the
 * end of the file. Without any, `lastLine` is the line before.
 */
export function hereDocumentsOf(
  keyword: string,
  operands: string,
  lines: readonly string[],
  line: number,
): { readonly hereDocuments: readonly HereDocument[]; readonly lastLine: number } {
  const holder = keyword === 'ONBUILD' ? /^\S*/.exec(operands)?.[0].toUpperCase() : keyword;
  const hereDocuments: HereDocument[] = [];
  let at = line;
  if (holder !== undefined && holders.has(holder) && operands.includes('<<')) {
    for (const { name, isIndented } of marksOf(operands)) {
      const held: string[] = [];
      for (let isOpen = true; isOpen && at < lines.length; at++) {
        const line = (lines[at] ?? '').replace(/\r$/, '');
        if ((isIndented ? withoutTabs(line) : line) === name) isOpen = false;
        else if (at < lines.length - 1 || line !== '') held.push(`${line}\n`);
      }
      const content = (isIndented ? held.map(withoutTabs) : held).join('');
      hereDocuments.push({ name, raw: held.join(''), content });
    }
  }
  return { hereDocuments, lastLine: Math.min(at, lines.length) - 1 };
}

interface Mark {
  readonly name: string;
  readonly isIndented: boolean;
}

/** Words outside quotes that are `<<NAME`, `<<-NAME`, `3<<"NAME"` as a whole. */
function marksOf(operands: string): readonly Mark[] {
  return wordsOutsideQuotes(operands).flatMap((word): Mark[] => {
    const [, dash, quoted = ''] = /^\d*<<(-?)([^<]+)$/.exec(word) ?? [];
    const name = quoted.replace(/["'\\]/g, '');
    return name === '' ? [] : [{ name, isIndented: dash === '-' }];
  });
}

function wordsOutsideQuotes(text: string): readonly string[] {
  return text.match(/(?:"(?:\\[^]|[^"\\])*"|'[^']*'|\\[^]|[^\s"'\\]|["'\\])+/g) ?? [];
}

/** The script of `RUN <<EOF` alone, which a builder hands to the shell instead of the mark; undefined for others. */
export function soleScript(
  operands: string,
  hereDocuments: readonly HereDocument[],
): HereDocument | undefined {
  const [only, ...others] = hereDocuments;
  return others.length === 0 && /^\d*<<-?\S+$/.test(operands) ? only : undefined;
}

function withoutTabs(line: string): string {
  return line.replace(/^\t+/, '');
}
