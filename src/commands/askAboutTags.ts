import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import type { Engine } from '../core/engine/engine.ts';
import { fileTimestamp } from '../core/quantity.ts';
import { keptNames, movingTags } from '../core/restore/keptNames.ts';
import type { LoadPlan } from '../core/restore/planLoad.ts';

/** Which old images to keep under which names; undefined when the person decides against loading. */
export async function askAboutTags(
  engine: Engine,
  name: string,
  plan: Pick<LoadPlan, 'images'>,
): Promise<ReadonlyMap<string, string> | undefined> {
  const moving = movingTags(plan);
  if (moving.length === 0) return new Map();
  const names = (await engine.images.list()).flatMap(({ tags }) => tags);
  const proposed = keptNames(moving, names, fileTimestamp(Date.now()).toLowerCase());
  const keep = vscode.l10n.t('Keep Old Images and Load');
  const move = vscode.l10n.t('Move Tags and Load');
  const lines = moving.map(({ tag, currentId }) =>
    vscode.l10n.t('{tag} now points to {id}; it would be kept as {name}', {
      tag,
      id: shortDigest(currentId),
      name: proposed.get(tag) ?? '',
    }),
  );
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('Loading {name} takes tags away from images that you have.', { name }),
    { modal: true, detail: lines.join('\n') },
    keep,
    move,
  );
  if (chosen === move) return new Map();
  return chosen === keep ? proposed : undefined;
}
