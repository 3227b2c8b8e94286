import { diffDocument } from './diffDocument.ts';
import type { DiffReport } from './diffReport.ts';
import { isDifferent, sumsByKind } from './diffSums.ts';

/** Changes of files in one piece; some milliseconds of work. */
const filesPerPiece = 1_000;

/** The document of {@link diffDocument} as text, piece by piece, so that a large one holds nobody up. One file a line. */
export function* diffJson(report: DiffReport): Generator<string, void, undefined> {
  const { files } = report;
  const rest = {
    ...diffDocument({ ...report, files: [] }),
    isDifferent: isDifferent(report),
    sums: sumsByKind(report),
    files: undefined,
  };
  yield `${JSON.stringify(rest).slice(0, -1)},"files":[`;
  const nothingElse = { config: [], history: [], packages: [], remarks: [] };
  for (let start = 0; start < files.length; start += filesPerPiece) {
    const some = diffDocument({
      ...report,
      ...nothingElse,
      files: files.slice(start, start + filesPerPiece),
    })['files'] as readonly unknown[];
    yield `${start === 0 ? '' : ','}\n${some.map((file) => JSON.stringify(file)).join(',\n')}`;
  }
  yield '\n]}\n';
}
