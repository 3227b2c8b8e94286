import * as vscode from 'vscode';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { pickImage } from '../ui/pickers.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import type { ImageNode } from '../views/node.ts';
import { backUpInto } from './backUp.ts';
import { chosenNodes, imagesAmong } from './chosenNodes.ts';
import { chooseTargetVault } from './chosenVault.ts';
import type { Command, CommandContext } from './context.ts';
import { chooseImageForm, opened, pushImageOf } from './pushSnapshots.ts';
import { shortImage, type PushedOne } from './tellPushed.ts';

/** Pushes images of the engine to a registry, out of a vault that holds them: what is not backed up is backed up first. */
export const pushImages: Command<'drydock.pushImages'> = async (context, ...args) => {
  const title = vscode.l10n.t('Push to Registry');
  await context.vaults.ready;
  const given = imagesAmong(chosenNodes(args));
  const picked = given.length > 0 ? given : [await pickImage(await context.engine().images.list(), title)];
  const pushed: PushedOne[] = [];
  for (const node of picked) {
    if (node === undefined) return undefined;
    const done = await pushOne(context, node, title);
    if (done === undefined) break;
    pushed.push(...done);
  }
  return pushed.length === 0 ? undefined : pushed;
};

async function pushOne(
  context: CommandContext,
  node: ImageNode,
  title: string,
): Promise<readonly PushedOne[] | undefined> {
  const kept = keptIn(context, node) ?? (await backedUp(context, node, title));
  if (kept?.known.state.kind !== 'open') return undefined;
  const { vault } = kept.known.state;
  const contents = await opened(context, vault, kept.snapshot);
  const image = contents?.images.find(({ id, role }) => id === node.id && role === 'image');
  if (image === undefined) return undefined;
  const named = node.tag === undefined ? image : { ...image, tags: [node.tag] };
  const form = await chooseImageForm(named, title);
  return form && pushImageOf(context, vault, form, title);
}

interface Kept {
  readonly known: KnownVault;
  readonly snapshot: Snapshot;
}

/** The snapshot that holds the very image, and the vault that it lies in. */
function keptIn({ vaults }: CommandContext, { id, tag }: ImageNode): Kept | undefined {
  const state = vaults.protection.current()?.image({ id, tags: tag === undefined ? [] : [tag] });
  if (state?.kind !== 'current') return undefined;
  const known = vaults.list.vaults.find(
    (vault) => vault.state.kind === 'open' && vault.state.snapshots.includes(state.snapshot),
  );
  return known && { known, snapshot: state.snapshot };
}

async function backedUp(
  context: CommandContext,
  { id, tag }: ImageNode,
  title: string,
): Promise<Kept | undefined> {
  const backUpFirst = vscode.l10n.t('Back Up First');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('{name} is not backed up as it is now.', {
      name: shortImage({ id, tags: tag ? [tag] : [] }),
    }),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Drydock pushes images out of a vault, so that only what the registry lacks travels.',
      ),
    },
    backUpFirst,
  );
  if (answer !== backUpFirst) return undefined;
  const vault = await chooseTargetVault(context, title);
  if (vault === undefined) return undefined;
  const targets = {
    images: [{ id, tags: tag === undefined ? [] : [tag] }],
    ...{ containers: [], volumes: [], projects: [] },
  };
  const [made] = (await backUpInto(context, vault, targets)) ?? [];
  const known = context.vaults.list.find(vault.path);
  return made && known && { known, snapshot: made.snapshot };
}
