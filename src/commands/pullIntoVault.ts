import * as vscode from 'vscode';
import { remoteNameText, type RemoteName } from '../core/registry/remoteName.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Pulled } from '../core/transfer/pull.ts';
import { askRemoteName } from '../ui/askRemoteName.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import { remarkWords } from '../views/snapshotItem.ts';
import type { DrydockNode } from '../views/node.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseTargetVault } from './chosenVault.ts';
import type { Command } from './context.ts';

/** Pulls snapshots and images out of a registry into a vault. Resolves with what came. */
export const pullIntoVault: Command<'drydock.pullIntoVault'> = async (context, ...args) => {
  const title = vscode.l10n.t('Pull into Vault');
  const given = chosenNodes(args).flatMap((node) => namesOf(node));
  const names = given.length > 0 ? given : await askName(title);
  if (names === undefined) return undefined;
  const target = await chooseTargetVault(context, title);
  if (target === undefined) return undefined;
  const [first] = names;
  const pulled: Pulled[] = [];
  await runOperation(
    context.log,
    names.length === 1 && first !== undefined
      ? vscode.l10n.t('Pulling {name}', { name: remoteNameText(first) })
      : vscode.l10n.t('Pulling {count} tags', { count: names.length }),
    {},
    (operation) =>
      context.registries.with(async (registry) => {
        const { pull } = await import('../core/transfer/pull.ts');
        const { vault: to, owner } = await context.vaults.open(target.path);
        for (const { host, path, tag, digest } of names) {
          operation.signal.throwIfAborted();
          const from = (await registry(host)).repository(path);
          pulled.push(await pull({ from, to, owner }, { ref: digest ?? tag ?? 'latest' }, operation));
        }
      }),
  );
  await context.vaults.list.refresh(target.path);
  // What came before a failure or a cancel is there.
  if (pulled.length === 0) return undefined;
  void tellPulled(target, pulled);
  return pulled;
};

/** A line that tells of a document means that document, whatever the tag stands for by now. */
function namesOf(node: DrydockNode): readonly RemoteName[] {
  if (node.kind === 'remoteTag') return [{ host: node.host, path: node.path, tag: node.tag }];
  if (node.kind === 'remoteFact' && node.digest !== undefined)
    return [{ host: node.host, path: node.path, digest: node.digest }];
  return [];
}

async function askName(title: string): Promise<readonly RemoteName[] | undefined> {
  const name = await askRemoteName({
    ...{ title, tag: 'needed', takesDigest: true },
    prompt: vscode.l10n.t('Tag or digest of a snapshot or an image'),
  });
  return name && [name];
}

async function tellPulled(vault: KnownVault, pulled: readonly Pulled[]): Promise<void> {
  const [first] = pulled;
  if (first === undefined) return;
  const size = formatBytes(pulled.reduce((sum, { fetched }) => sum + fetched.bytes, 0));
  const remarks = pulled.reduce((sum, one) => sum + (one.kind === 'snapshot' ? 0 : one.remarks.length), 0);
  const sentences = [
    pulled.length === 1
      ? vscode.l10n.t('Pulled and verified: {name} ({size} fetched into the vault {vault}).', {
          ...{ name: first.snapshot.refName, size },
          vault: vault.name,
        })
      : vscode.l10n.t('Pulled and verified: {count} snapshots ({size} fetched into the vault {vault}).', {
          ...{ count: pulled.length, size },
          vault: vault.name,
        }),
    ...(remarks === 0
      ? []
      : [vscode.l10n.t('Please look at {remarks}.', { remarks: remarkWords(remarks, vscode) })]),
  ];
  const open = vscode.l10n.t('Open Snapshot');
  const show = remarks === 0 ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  if ((await show(sentences.join(' '), open)) !== open) return;
  const { id, refName } = first.snapshot;
  const node: DrydockNode = { kind: 'snapshot', vaultPath: vault.path, id, refName };
  await vscode.commands.executeCommand('drydock.openSnapshot', node);
}
