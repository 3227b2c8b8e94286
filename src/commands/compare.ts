import * as vscode from 'vscode';
import type { FileArg } from '../contributions.ts';
import { shortDigest } from '../core/digest.ts';
import type { DiffSide } from '../inside/diffSide.ts';
import type { DrydockNode } from '../views/node.ts';
import type { Command, CommandContext } from './context.ts';
import { archiveSide, pickDiffSide, pickLayerOf } from './pickDiffSide.ts';

/** Compares two things, whatever they are, and shows what differs on a page. */
export const compare: Command<'drydock.compare'> = async (context, one, selected) => {
  const chosen = selected !== undefined && selected.length > 0 ? selected : one === undefined ? [] : [one];
  const things = chosen.flatMap((thing) =>
    'kind' in thing && thing.kind === 'repository' ? thing.images : thing,
  );
  const [first, second] = await sidesOf(context, things.slice(0, 2));
  const left = first ?? (await pickDiffSide(context, { title: vscode.l10n.t('Compare: Left Side') }));
  if (left === undefined) return undefined;
  const right =
    second ??
    (await pickDiffSide(context, {
      title: vscode.l10n.t('Compare {name} with…', { name: left.title }),
      other: left,
    }));
  if (right === undefined) return undefined;
  const [older, newer] = await inOrder(context, left, right);
  return context.showDiff({ left: older, right: newer, strictness: 'semantic' });
};

async function sidesOf(
  context: CommandContext,
  things: readonly (DrydockNode | FileArg)[],
): Promise<readonly DiffSide[]> {
  const sides: DiffSide[] = [];
  for (const thing of things) {
    const side = 'kind' in thing ? await sideOf(context, thing) : archiveSide(thing.fsPath);
    if (side !== undefined) sides.push(side);
  }
  return sides;
}

async function sideOf(context: CommandContext, node: DrydockNode): Promise<DiffSide | undefined> {
  switch (node.kind) {
    case 'image':
      return { kind: 'image', id: node.id, title: node.tag ?? shortDigest(node.id) };
    case 'layer':
      return pickLayerOf(context, {
        imageId: node.imageId,
        title: node.tag ?? shortDigest(node.imageId),
        node,
      });
    case 'container':
      return { kind: 'container', id: node.id, title: node.name };
    case 'volume':
      return { kind: 'volume', name: node.name, title: node.name };
    case 'snapshot':
      return { kind: 'snapshot', vaultPath: node.vaultPath, id: node.id, title: node.refName };
    default:
      return undefined;
  }
}

/** Of two images the older one stands on the left, so that what came since is what was added. */
async function inOrder(
  { engine }: CommandContext,
  left: DiffSide,
  right: DiffSide,
): Promise<readonly [DiffSide, DiffSide]> {
  if (left.kind !== 'image' || right.kind !== 'image') return [left, right];
  // An engine's list has whole seconds.
  const { images } = engine();
  const [ofLeft, ofRight] = await Promise.all([images.inspect(left.id), images.inspect(right.id)]);
  return (ofRight.createdAtMs ?? 0) < (ofLeft.createdAtMs ?? 0) ? [right, left] : [left, right];
}
