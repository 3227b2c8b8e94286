import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { runOperation } from '../ui/runOperation.ts';
import { snapshotCount } from '../views/snapshotItem.ts';
import { askAboutTags } from './askAboutTags.ts';
import type { Command, CommandContext } from './context.ts';

/** Checks a bundle and all of its parts, and brings what is in it to the engine or into a vault. */
export const applyBundle: Command<'drydock.applyBundle'> = async (context, file) => {
  const title = vscode.l10n.t('Apply Bundle');
  const path = file?.fsPath ?? (await pickBundle(title));
  if (path === undefined) return undefined;
  const target = await pickTarget(context, title);
  if (target === undefined) return undefined;
  return target === 'engine' ? applyToEngine(context, path) : applyToVault(context, path, target);
};

async function pickBundle(title: string): Promise<string | undefined> {
  const [file] = (await vscode.window.showOpenDialog({ title, openLabel: vscode.l10n.t('Choose') })) ?? [];
  return file?.fsPath;
}

/** The engine in use, or the path of a vault. */
async function pickTarget(context: CommandContext, title: string): Promise<string | undefined> {
  await context.vaults.ready;
  const engine = {
    label: vscode.l10n.t('The engine'),
    detail: vscode.l10n.t('For a bundle of images'),
    value: 'engine',
  };
  const vaults = context.vaults.list.vaults.map(({ name, path }) => ({
    label: name,
    description: path,
    detail: vscode.l10n.t('For a bundle of snapshots, or of images to be kept'),
    value: path,
  }));
  if (vaults.length === 0) return engine.value;
  const chosen = await vscode.window.showQuickPick([engine, ...vaults], {
    title,
    placeHolder: vscode.l10n.t('Where it goes'),
  });
  return chosen?.value;
}

async function applyToEngine(context: CommandContext, path: string): Promise<unknown> {
  const engine = context.engine();
  const name = basename(path);
  const applied = await runOperation(
    context.log,
    vscode.l10n.t('Applying {name}', { name }),
    { checking: [0, 40], sending: [40, 100] },
    async (operation) => {
      const [{ planApply }, { applyImages }] = await Promise.all([
        import('../core/bundle/planApply.ts'),
        import('../core/bundle/applyImages.ts'),
      ]);
      const plan = await planApply({ engine }, { path }, operation);
      const keepAs = await askAboutTags(engine, name, plan);
      if (keepAs === undefined) return undefined;
      return applyImages({ engine, temporaryFolder: tmpdir() }, { plan, keepAs }, operation);
    },
  );
  if (applied === undefined) return undefined;
  for (const remark of applied.remarks) context.log.info(`${name}: ${remark}`);
  const names = applied.images.flatMap(({ tags, id }) => (tags.length > 0 ? tags : [shortDigest(id)]));
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  void vscode.window.showInformationMessage(
    vscode.l10n.t('Loaded and verified: {names} from {file}.', { names: shown, file: name }),
  );
  return applied;
}

async function applyToVault(context: CommandContext, path: string, vaultPath: string): Promise<unknown> {
  const name = basename(path);
  const applied = await runOperation(
    context.log,
    vscode.l10n.t('Applying {name}', { name }),
    { checking: [0, 60], writing: [60, 100] },
    async (operation) => {
      const { applySnapshots } = await import('../core/bundle/applySnapshots.ts');
      const { vault, owner } = await context.vaults.open(vaultPath);
      return applySnapshots({ vault, owner }, { path }, operation);
    },
  );
  await context.vaults.list.refresh(vaultPath);
  if (applied === undefined) return undefined;
  void vscode.window.showInformationMessage(
    vscode.l10n.t('Stored and verified: {snapshots} in {name}.', {
      snapshots: snapshotCount(applied.snapshots.length, vscode),
      name: context.vaults.list.find(vaultPath)?.name ?? vaultPath,
    }),
  );
  return applied;
}
