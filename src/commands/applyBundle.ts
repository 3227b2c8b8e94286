import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { BundleToRestore } from '../core/bundle/bundleToRestore.ts';
import { shortDigest } from '../core/digest.ts';
import type { CheckedLoad } from '../core/loading/loadChecked.ts';
import type { Operation } from '../core/progress.ts';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import { runOperation } from '../ui/runOperation.ts';
import { pickSnapshot } from '../ui/vaultPickers.ts';
import { snapshotCount } from '../views/snapshotItem.ts';
import { askAboutTags } from './askAboutTags.ts';
import type { Command, CommandContext } from './context.ts';
import { restoreContents } from './restoreContents.ts';

/** Checks a bundle and all of its parts, and loads what is in it, restores it, or brings it into a vault. */
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
    detail: vscode.l10n.t('Loads images, or restores a snapshot'),
    value: 'engine',
  };
  // Into a registry snapshots are copied; what a bundle holds lands in a folder.
  const folders = context.vaults.list.vaults.filter(({ path }) => !isRegistryVault(path));
  const vaults = folders.map(({ name, path }) => ({
    label: name,
    description: path,
    detail: vscode.l10n.t('For a bundle of snapshots, or of images to be kept'),
    value: path,
  }));
  if (vaults.length === 0) return engine.value;
  const chosen = await vscode.window.showQuickPick([engine, ...vaults], {
    title,
    placeHolder: vscode.l10n.t('Where it goes'),
    ignoreFocusOut: true,
  });
  return chosen?.value;
}

/** What became of a bundle that was read for the engine: its images are loaded, or its snapshots can be restored. */
type ReadForEngine =
  | { readonly kind: 'images'; readonly loaded: CheckedLoad }
  | { readonly kind: 'snapshots'; readonly bundle: BundleToRestore };

async function applyToEngine(context: CommandContext, path: string): Promise<unknown> {
  const name = basename(path);
  const read = await runOperation(
    context.log,
    vscode.l10n.t('Applying {name}', { name }),
    { checking: [0, 40], sending: [40, 100] },
    (operation) => readForEngine(context, path, operation),
  );
  if (read === undefined) return undefined;
  if (read.kind === 'snapshots') return restoreOutOf(context, read.bundle);
  const { images, remarks } = read.loaded;
  for (const remark of remarks) context.log.info(`${name}: ${remark}`);
  const names = images.flatMap(({ tags, id }) => (tags.length > 0 ? tags : [shortDigest(id)]));
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  void vscode.window.showInformationMessage(
    vscode.l10n.t('Loaded and verified: {names} from {file}.', { names: shown, file: name }),
  );
  return read.loaded;
}

async function readForEngine(
  context: CommandContext,
  path: string,
  operation: Operation,
): Promise<ReadForEngine | undefined> {
  const engine = context.engine();
  const [{ readBundleAt }, { openToRestore }, { planApplyOf }, { applyImages }] = await Promise.all([
    import('../core/bundle/readBundle.ts'),
    import('../core/bundle/bundleToRestore.ts'),
    import('../core/bundle/planApply.ts'),
    import('../core/bundle/applyImages.ts'),
  ]);
  const bundle = await readBundleAt(path, operation);
  const temporaryFolder = tmpdir();
  if (bundle.document.kind === 'snapshots')
    return { kind: 'snapshots', bundle: await openToRestore(bundle, { temporaryFolder }, operation) };
  const plan = await planApplyOf({ engine }, bundle, operation);
  const keepAs = await askAboutTags(engine, basename(path), plan);
  if (keepAs === undefined) return undefined;
  const loaded = await applyImages({ engine, temporaryFolder }, { plan, keepAs }, operation);
  return { kind: 'images', loaded };
}

/** Restores one of the snapshots of a bundle, with the plan shown before. */
async function restoreOutOf(context: CommandContext, bundle: BundleToRestore): Promise<unknown> {
  try {
    const { snapshots, blobs } = bundle;
    const title = vscode.l10n.t('Apply Bundle');
    const snapshot = snapshots.length === 1 ? snapshots[0] : await pickSnapshot(snapshots, title);
    if (snapshot === undefined) return undefined;
    const [{ openContents }, { requireLeftOut }, { plannedSending }] = await Promise.all([
      import('../core/snapshot/openContents.ts'),
      import('../core/bundle/requireLeftOut.ts'),
      import('../core/restore/plannedSending.ts'),
    ]);
    const contents = await openContents(blobs, snapshot, {});
    const engine = context.engine();
    return await restoreContents(context, {
      ...(await context.vaults.openForBundle(bundle)),
      contents,
      keepsElsewhere: true,
      check: (plan) => requireLeftOut({ engine, blobs }, plannedSending(plan), {}),
    });
  } finally {
    await bundle.close();
  }
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
