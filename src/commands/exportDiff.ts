import { join } from 'node:path';
import * as vscode from 'vscode';
import { diffPageStrings } from '../core/diff/diffPageStrings.ts';
import type { DiffReport } from '../core/diff/diffReport.ts';
import { fileTimestamp } from '../core/quantity.ts';
import type { Compared } from '../inside/comparing.ts';
import { archiveFolder } from '../ui/archiveFolder.ts';
import type { Log } from '../ui/log.ts';
import { runOperation } from '../ui/runOperation.ts';

export interface ExportDiffDeps {
  readonly log: Log;
  readonly bundleFolder: string;
}

/** Writes the report of a comparison as a file to be sent around. */
export async function exportDiff(
  { log, bundleFolder }: ExportDiffDeps,
  { report }: Compared,
): Promise<string | undefined> {
  const title = vscode.l10n.t('Export Differences');
  const chosen = await vscode.window.showQuickPick(formats(bundleFolder), {
    title,
    placeHolder: vscode.l10n.t('Form of the report'),
  });
  if (chosen === undefined) return undefined;
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(join(archiveFolder(), `${proposedName(report)}.${chosen.ending}`)),
    saveLabel: vscode.l10n.t('Export'),
  });
  if (target === undefined) return undefined;
  const path = target.fsPath;
  const written = await runOperation(
    log,
    vscode.l10n.t('Exporting {name}', { name: path }),
    {},
    async ({ signal }) => {
      const { writeDurably } = await import('../core/files/writeDurably.ts');
      await writeDurably(
        { path, bytes: bytesOf(await chosen.pieces(report)), replace: true }, // the dialog has asked
        signal,
      );
      return path;
    },
  );
  if (written !== undefined) void tellExported(target);
  return written;
}

interface Format extends vscode.QuickPickItem {
  readonly ending: string;
  readonly pieces: (report: DiffReport) => Promise<Iterable<string>>;
}

function formats(bundleFolder: string): readonly Format[] {
  return [
    {
      label: 'HTML',
      description: '.html',
      detail: vscode.l10n.t('This page in one file that opens in any browser, without a network'),
      ending: 'html',
      pieces: async (report) => {
        const [{ diffHtml }, { readDiffBundle }] = await Promise.all([
          import('../core/diff/diffHtml.ts'),
          import('../core/diff/diffBundle.ts'),
        ]);
        const strings = diffPageStrings(vscode.l10n);
        const bundle = await readDiffBundle(bundleFolder);
        return diffHtml({
          report,
          bundle,
          strings,
          language: vscode.env.language,
          worded: (template, args) => vscode.l10n.t(template, args),
        });
      },
    },
    {
      label: 'Markdown',
      description: '.md',
      detail: vscode.l10n.t('Tables for a pull request or a ticket'),
      ending: 'md',
      pieces: async (report) => {
        const { diffMarkdown } = await import('../core/diff/diffMarkdown.ts');
        return inPieces(diffMarkdown(report));
      },
    },
    {
      label: 'JSON',
      description: '.json',
      detail: vscode.l10n.t('Everything, for programs'),
      ending: 'json',
      pieces: async (report) => (await import('../core/diff/diffJson.ts')).diffJson(report),
    },
  ];
}

/** Lines, some hundred at once. */
function* inPieces(lines: Iterable<string>): Generator<string, void, undefined> {
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < 1 << 16) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

async function* bytesOf(pieces: Iterable<string>): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) {
    yield Buffer.from(piece);
    // Each piece is some milliseconds of work; others come first in between.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

async function tellExported(target: vscode.Uri): Promise<void> {
  const open = vscode.l10n.t('Open');
  const copyPath = vscode.l10n.t('Copy Path');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('Exported: {path}.', { path: target.fsPath }),
    open,
    copyPath,
  );
  if (chosen === open) await vscode.env.openExternal(target);
  else if (chosen === copyPath) await vscode.env.clipboard.writeText(target.fsPath);
}

/** `web_1.4-to-web_1.5_20261121T074500Z`. */
function proposedName({ left, right }: DiffReport): string {
  const short = (name: string): string =>
    (name.split('/').at(-1) ?? '').replace(/[^\w.-]+/g, '_').slice(0, 60);
  return `${short(left.name)}-to-${short(right.name)}_${fileTimestamp(Date.now())}`;
}
