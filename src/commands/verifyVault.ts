import * as vscode from 'vscode';
import type { VerifyReport } from '../core/maintenance/verifyVault.ts';
import { formatBytes } from '../core/quantity.ts';
import type { VerifyDepth } from '../core/snapshot/snapshot.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import { depthWords, snapshotCount } from '../views/snapshotItem.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault } from './chosenVault.ts';
import type { Command, CommandContext } from './context.ts';

/** Looks whether a vault still holds what was put into it, as deep as a person chooses, and marks what it finds. */
export const verifyVault: Command<'drydock.verifyVault'> = async (context, ...args) => {
  const title = vscode.l10n.t('Verify Vault');
  const known = await chooseVault(context, chosenNodes(args), title);
  if (known === undefined) return undefined;
  const depth = await pickDepth(title);
  if (depth === undefined) return undefined;
  const report = await runOperation(
    context.log,
    vscode.l10n.t('Verifying {name}', { name: known.name }),
    { preparing: [0, 5], checking: [5, 100] },
    async (operation) => {
      const { verifyVault: verify } = await import('../core/maintenance/verifyVault.ts');
      return verify(await context.vaults.open(known.path), { depth }, operation);
    },
  );
  await context.vaults.list.refresh(known.path);
  if (report !== undefined) tellReport(context, known, report);
  return report;
};

async function pickDepth(title: string): Promise<VerifyDepth | undefined> {
  const choices = [
    {
      label: vscode.l10n.t('Every Blob'),
      detail: vscode.l10n.t('Reads all that is stored and compares every digest.'),
      depth: 'digests',
    },
    {
      label: vscode.l10n.t('Every Layer and File'),
      detail: vscode.l10n.t('Also unpacks every layer and compares the hash of every file.'),
      depth: 'contents',
    },
    {
      label: vscode.l10n.t('Documents and Sizes'),
      detail: vscode.l10n.t('Takes seconds; finds what is missing or cut, not what is altered.'),
      depth: 'structure',
    },
  ] satisfies (vscode.QuickPickItem & { depth: VerifyDepth })[];
  const chosen = await vscode.window.showQuickPick(choices, {
    title,
    placeHolder: vscode.l10n.t('How deep to look'),
  });
  return chosen?.depth;
}

function tellReport({ log }: CommandContext, { name }: KnownVault, report: VerifyReport): void {
  const { problems, snapshots, read } = report;
  if (problems.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Verified {name} ({depth}): no problem in {snapshots}, {size} read.', {
        name,
        depth: depthWords(report.depth, vscode),
        snapshots: snapshotCount(snapshots, vscode),
        size: formatBytes(read.bytes),
      }),
    );
    return;
  }
  for (const { kind, digest, path, detail, snapshots: hurt } of problems)
    log.info(`${name}: ${kind} ${digest ?? path ?? ''}: ${detail}; snapshots: ${hurt.join(', ') || 'none'}`);
  const hurt = new Set(problems.flatMap((problem) => problem.snapshots)).size;
  const showLog = vscode.l10n.t('Show Log');
  const text =
    hurt === 0
      ? vscode.l10n.t('{name} has {count} problems, and none of them hurts a snapshot.', {
          name,
          count: problems.length,
        })
      : vscode.l10n.t(
          '{name} is damaged: {count} problems hurt {snapshots}. Repair it from another vault with `drydock repair`.',
          { name, count: problems.length, snapshots: snapshotCount(hurt, vscode) },
        );
  const show = hurt === 0 ? vscode.window.showWarningMessage : vscode.window.showErrorMessage;
  void show(text, showLog).then((chosen) => {
    if (chosen === showLog) log.show();
  });
}
