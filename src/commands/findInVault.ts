import * as vscode from 'vscode';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import type { FoundFile } from '../core/snapshotFiles/findInSnapshots.ts';
import { formatAge, formatBytes } from '../core/quantity.ts';
import { runQuick } from '../ui/runOperation.ts';
import { snapshotUri } from '../ui/snapshotFileSystem.ts';
import type { CommandContext } from './context.ts';
import type { FoundChoice } from './findFiles.ts';
import type { FindScope } from './findScope.ts';
import { shownPath } from './fileNodes.ts';

type SnapshotsScope = FindScope & { readonly kind: 'snapshots' };

/** Finds files in snapshots of a vault, from the lists alone. Undefined after a cancel or a failure. */
export async function findInVault(
  context: CommandContext,
  { name, vaultPath, snapshots }: SnapshotsScope,
  pattern: string,
): Promise<readonly FoundChoice[] | undefined> {
  const title = vscode.l10n.t('Finding {pattern} in {name}', { pattern, name });
  const result = await runQuick(context.log, title, async (operation) => {
    const { findInSnapshots } = await import('../core/snapshotFiles/findInSnapshots.ts');
    const vault = await context.vaults.read(vaultPath);
    return findInSnapshots({ vault }, { snapshots, pattern }, operation);
  });
  if (result === undefined) return undefined;
  for (const { snapshot, error } of result.failed) context.log.error(`${title}: ${snapshot.refName}`, error);
  if (result.failed.length > 0)
    void vscode.window.showWarningMessage(
      vscode.l10n.t('Not searched to the end: {names}. The log says why.', {
        names: result.failed.map(({ snapshot }) => snapshot.refName).join(', '),
      }),
    );
  return result.found.map((one) => choiceOf(context, vaultPath, one));
}

function choiceOf(
  context: CommandContext,
  vaultPath: string,
  { snapshot, root, entry }: FoundFile,
): FoundChoice {
  const show = (): Promise<void> =>
    context.showSnapshot({ vaultPath, id: snapshot.id, title: snapshot.source.name });
  return {
    label: visibleName(entry.name),
    description: shownPath(entry),
    detail: [
      snapshot.source.name,
      formatAge(snapshot.createdMs, Date.now(), vscode.env.language),
      root.name === snapshot.source.name ? '' : root.name,
      entry.type === 'file' ? formatBytes(entry.sizeBytes) : '',
      entry.type === 'directory' ? vscode.l10n.t('folder') : '',
    ]
      .filter((part) => part !== '')
      .join(' · '),
    open: async () => {
      if (entry.type === 'directory') return show();
      await context.opener.open(
        snapshotUri({ vaultPath, id: snapshot.id, root: root.name, path: entry.path }),
      );
    },
    reveal: show,
  };
}
