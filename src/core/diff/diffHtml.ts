import { createHash } from 'node:crypto';
import type { Worded } from '../diffRemark.ts';
import { failure } from '../errors.ts';
import { rowsPerChunk, type DiffFileHead } from './diffPageData.ts';
import { diffPageHead, diffPageRows } from './diffPageOf.ts';
import { englishDiffStrings, type DiffPageStrings } from './diffPageStrings.ts';
import type { DiffReport } from './diffReport.ts';

/** The page's program and its style sheets in the order they count, as text. */
export interface DiffBundle {
  readonly script: string;
  readonly styles: readonly string[];
}

export interface DiffHtmlInput {
  readonly report: DiffReport;
  readonly bundle: DiffBundle;
  /** English without them. */
  readonly strings?: DiffPageStrings;
  readonly language?: string;
  readonly worded?: Worded;
}

/**
 * The report as one HTML file that needs nothing else: piece by piece, so that nobody holds the whole of a large one.
 *
 * The policy in it lets run the one program whose hash it names, and load nothing. What the report says stands in
 * blocks of JSON, which browsers do not run, and which no name can end, since every `<` in them is escaped.
 */
export function* diffHtml(input: DiffHtmlInput): Generator<string> {
  const { report, bundle, strings = englishDiffStrings, language = 'en' } = input;
  const style = bundle.styles.join('\n');
  const { script } = bundle;
  // Either would end its element early; neither the bundler nor our sheets write them.
  if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style))
    throw failure('unexpected', { reason: 'the program of the report can’t stand in a page' });
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  yield `<!DOCTYPE html>
<html lang="${quoted(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${quoted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${quoted(`${report.left.name} → ${report.right.name}`)}</title>
<style>${style}</style>
</head>
<body>
`;
  const head = diffPageHead(report, input.worded);
  yield block({ language, strings, head } satisfies DiffFileHead);
  for (let start = 0; start < head.rowCount; start += rowsPerChunk) yield block(diffPageRows(report, start));
  yield `<script type="module">${script}</script>
</body>
</html>
`;
}

/** JSON in which nothing ends the block, and nothing steers the text of who reads the file as it is. */
function block(data: unknown): string {
  const json = JSON.stringify(data).replace(/[<\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`)
      .join(''),
  );
  return `<script type="application/json">${json}</script>\n`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function quoted(text: string): string {
  return text.replace(/[&"<>\p{Cc}\p{Cf}\p{Cs}]/gu, (sign) =>
    /[&"<>]/.test(sign) ? `&#${sign.charCodeAt(0)};` : '\ufffd',
  );
}
