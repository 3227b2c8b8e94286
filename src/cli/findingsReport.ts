import { isRaw, pathBytes } from '../core/layers/entryNames.ts';
import { markdownText } from '../core/markdown.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Finding } from '../core/waste/findings/finding.ts';
import type { Findings } from '../core/waste/findings/findFindings.ts';
import { findingWords } from '../core/waste/findings/findingTemplates.ts';
import { shownName } from './fileEntry.ts';
import { cut } from './table.ts';

const shownPaths = 3;

/** Findings as lines of text, those about the base image as a number alone. */
export function findingLines(all: Findings, columns?: number): readonly string[] {
  const own = all.findings.filter(({ isBase }) => !isBase);
  return [
    'FINDINGS',
    ...(own.length === 0 ? ['none'] : []),
    ...own.flatMap((finding) => {
      const { title, fix } = findingWords(finding);
      return [
        `${finding.severity.padEnd(6)}  ${title}${whereText(finding)}${bytesText(finding)}`,
        ...(finding.instruction === undefined
          ? []
          : [cut(`        ${oneLine(finding.instruction)}`, columns)]),
        ...(finding.paths.length === 0 ? [] : [cut(`        ${pathsText(finding)}`, columns)]),
        `        ${fix}`,
      ];
    }),
    ...restLines(all),
  ];
}

export function findingsMarkdown(all: Findings): readonly string[] {
  const own = all.findings.filter(({ isBase }) => !isBase);
  return [
    '## Findings',
    '',
    ...own.flatMap((finding) => {
      const { title, fix } = findingWords(finding);
      const facts = `${finding.severity}${whereText(finding)}${bytesText(finding)}`;
      return [
        `- **${markdownText(title)}** (${facts})`,
        ...(finding.instruction === undefined ? [] : [`  - ${markdownText(finding.instruction)}`]),
        ...(finding.paths.length === 0 ? [] : [`  - ${markdownText(pathsText(finding))}`]),
        // Our own words, with code in them.
        `  - ${fix}`,
      ];
    }),
    ...(own.length === 0 ? ['None.'] : []),
    '',
    ...restLines(all).map(markdownText),
  ];
}

export function findingDocument(finding: Finding): Readonly<Record<string, unknown>> {
  const { code, severity, place, instruction, paths, ...rest } = finding;
  return {
    code,
    severity,
    ...findingWords(finding),
    layer: place ?? null,
    instruction: instruction ?? null,
    ...rest,
    paths: paths.map((path) => ({
      path: `/${shownName(path)}`,
      ...(isRaw(path) && { rawPath: pathBytes(`/${path}`).toString('base64') }),
    })),
  };
}

function restLines({ findings, lookedInto }: Findings): readonly string[] {
  const ofBase = findings.filter(({ isBase }) => isBase);
  const bytes = ofBase.reduce((sum, { savedBytes, wastedBytes }) => sum + savedBytes + wastedBytes, 0);
  const problem = lookedInto?.problem;
  return [
    ...(ofBase.length === 0
      ? []
      : [
          `${ofBase.length} more about the base image (${formatBytes(bytes)}), which only its makers can mend; --json has them.`,
        ]),
    ...(lookedInto === undefined
      ? ['What files hold was not looked into for secrets.']
      : lookedInto.left === 0
        ? []
        : [
            `${lookedInto.left} files were not looked into for secrets${problem === undefined ? '' : `: ${problem}`}.`,
          ]),
  ];
}

function whereText({ place }: Finding): string {
  return place === undefined ? '' : `, layer ${place}`;
}

function bytesText({ savedBytes, wastedBytes }: Finding): string {
  return [
    ...(savedBytes > 0 ? [`, ${formatBytes(savedBytes)} to save`] : []),
    ...(wastedBytes > 0 ? [`, ${formatBytes(wastedBytes)} wasted`] : []),
  ].join('');
}

function pathsText({ paths, pathCount }: Finding): string {
  const shown = paths.slice(0, shownPaths).map((path) => `/${shownName(path)}`);
  const left = pathCount - shown.length;
  return [...shown, ...(left > 0 ? [`and ${left} more`] : [])].join(', ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
