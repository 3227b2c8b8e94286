import * as vscode from 'vscode';
import type { BackupResult } from '../core/backup/backupResult.ts';
import { formatBytes } from '../core/quantity.ts';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import { engineIdentity } from '../core/snapshot/engineIdentity.ts';
import type { SnapshotKind } from '../core/snapshot/snapshot.ts';
import { isUsual } from '../core/snapshot/usualRemarks.ts';
import { readSetting } from '../ui/settings.ts';
import { pickContainers, pickImages, pickProjects, pickVolumes } from '../ui/pickers.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import { transportWords } from '../ui/transportWords.ts';
import { remarkWords } from '../views/snapshotItem.ts';
import type { DrydockNode } from '../views/node.ts';
import { backupTargets, isNothing, sourcesAmong, subjectsOf, type BackupTargets } from './backupTargets.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseTargetVault, vaultAmong } from './chosenVault.ts';
import type { BackupContext, Command, CommandContext } from './context.ts';
import { runBackups } from './runBackups.ts';

/** Backs up whatever it was started on; a node of the Backups view means its source, into the same vault. */
export const backUp: Command<'drydock.backUp'> = async (context, ...args) => {
  const title = vscode.l10n.t('Back Up');
  await context.vaults.ready;
  const nodes = chosenNodes(args).filter(({ kind }) => kind !== 'message' && kind !== 'vault');
  const targets = nodes.length > 0 ? await backupTargets(context, nodes) : await pickTargets(context, title);
  if (targets === undefined || isNothing(targets)) return undefined;
  const source = vaultAmong(context, nodes);
  const isFolder = source !== undefined && !isRegistryVault(source.path);
  const vault = isFolder ? source : await chooseTargetVault(context, title);
  if (vault === undefined || !(await isMeantHere(context, nodes, targets, title))) return undefined;
  return backUpInto(context, vault, targets);
};

/** What has the same name on another engine is something else: nobody shall take it for backed up. */
async function isMeantHere(
  context: CommandContext,
  nodes: readonly DrydockNode[],
  targets: BackupTargets,
  title: string,
): Promise<boolean> {
  const sources = sourcesAmong(context, nodes);
  if (sources.length === 0) return true;
  const here = engineIdentity(await context.engine().info());
  const other = sources.find(({ engineId }) => engineId !== here.engineId);
  if (other === undefined) return true;
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('{name} was backed up from the engine {other}. Back up what has this name on {engine}?', {
      name: other.name,
      other: other.engineName,
      engine: here.engineName,
    }),
    { modal: true, detail: subjectsOf(targets).join(', ') },
    title,
  );
  return answer === title;
}

/** Backs up under one notification, and tells what came of it. Resolves with what was backed up. */
export async function backUpInto(
  context: BackupContext,
  vault: KnownVault,
  targets: BackupTargets,
): Promise<readonly BackupResult[] | undefined> {
  const [first = ''] = subjectsOf(targets);
  const count = subjectsOf(targets).length;
  const outcome = await runBackups(context, {
    title:
      count === 1
        ? vscode.l10n.t('Backing up {name}', { name: first })
        : vscode.l10n.t('Backing up {count} things', { count }),
    vault,
    targets,
    consistency: readSetting('backup.consistency'),
    includeBinds: readSetting('backup.includeBinds'),
  });
  await context.vaults.list.refresh(vault.path);
  if (outcome === undefined) return undefined;
  if (outcome.length > 0) void tellBackedUp(vault, outcome);
  return outcome;
}

/** From the palette: a kind, then several of it. */
async function pickTargets(context: CommandContext, title: string): Promise<BackupTargets | undefined> {
  const kinds = [
    { label: vscode.l10n.t('Containers'), detail: vscode.l10n.t('with their volumes'), subject: 'container' },
    { label: vscode.l10n.t('Volumes'), subject: 'volume' },
    { label: vscode.l10n.t('Images'), subject: 'image' },
    {
      label: vscode.l10n.t('Compose Projects'),
      detail: vscode.l10n.t('with all containers, volumes and networks'),
      subject: 'project',
    },
  ] satisfies (vscode.QuickPickItem & { subject: SnapshotKind })[];
  const chosen = await vscode.window.showQuickPick(kinds, {
    title,
    placeHolder: vscode.l10n.t('What to back up'),
  });
  const engine = context.engine();
  switch (chosen?.subject) {
    case 'container':
      return nodesOrNone(context, await pickContainers(await engine.containers.list(), title));
    case 'volume':
      return nodesOrNone(context, await pickVolumes(await engine.volumes.list(), title));
    case 'image':
      return nodesOrNone(context, await pickImages(await engine.images.list(), title));
    case 'project':
      return nodesOrNone(context, await pickProjects(await engine.containers.list(), title));
    case undefined:
      return undefined;
  }
}

async function nodesOrNone(
  context: CommandContext,
  nodes: Parameters<typeof backupTargets>[1] | undefined,
): Promise<BackupTargets | undefined> {
  return nodes === undefined ? undefined : backupTargets(context, nodes);
}

async function tellBackedUp(vault: KnownVault, results: readonly BackupResult[]): Promise<void> {
  const names = results.map(({ snapshot }) => snapshot.source.name);
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  const newBytes = results.reduce((sum, { snapshot }) => sum + snapshot.newBytes, 0);
  const remarks = results.reduce(
    (sum, result) => sum + result.remarks.filter((remark) => !isUsual(remark)).length,
    0,
  );
  const sentences = [
    results.every(({ isUnchanged }) => isUnchanged)
      ? vscode.l10n.t('Backed up and verified: {names}. The vault {vault} had all of it already.', {
          names: shown,
          vault: vault.name,
        })
      : vscode.l10n.t('Backed up and verified: {names} ({size} new in the vault {vault}).', {
          names: shown,
          size: formatBytes(newBytes),
          vault: vault.name,
        }),
    ...transportWords(results, vscode),
    ...(remarks === 0
      ? []
      : [vscode.l10n.t('Please look at {remarks}.', { remarks: remarkWords(remarks, vscode) })]),
  ];
  const open = vscode.l10n.t('Open Snapshot');
  const noted = results.find((result) => result.remarks.some((remark) => !isUsual(remark))) ?? results[0];
  const show = remarks === 0 ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  const chosen = await show(sentences.join(' '), open);
  if (chosen === open && noted !== undefined) {
    const { id, refName } = noted.snapshot;
    await vscode.commands.executeCommand('drydock.openSnapshot', {
      kind: 'snapshot',
      vaultPath: vault.path,
      id,
      refName,
    });
  }
}
