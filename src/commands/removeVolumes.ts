import * as vscode from 'vscode';
import type { ContainerSummary } from '../core/engine/records.ts';
import { pickVolumes } from '../ui/pickers.ts';
import { runOnEach } from '../ui/runOnEach.ts';
import type { VolumeNode } from '../views/node.ts';
import { askBeforeLoss } from './beforeLoss.ts';
import { chosenNodes, volumesAmong } from './chosenNodes.ts';
import type { Command } from './context.ts';

/** Removes volumes with all they hold, after saying so. The engine refuses those that a container has. */
export const removeVolumes: Command<'drydock.removeVolumes'> = async (context, ...args) => {
  const engine = context.engine();
  const nodes = volumesAmong(chosenNodes(args));
  const volumes =
    nodes.length > 0
      ? nodes
      : await pickVolumes(await engine.volumes.list(), vscode.l10n.t('Remove Volumes'));
  if (volumes === undefined) return undefined;
  const containers = await engine.containers.list();
  const remove = vscode.l10n.t('Remove');
  const chosen = await askBeforeLoss(context, {
    message:
      volumes.length === 1
        ? vscode.l10n.t('Remove volume {name} and all data in it?', { name: nameOf(volumes[0]) })
        : vscode.l10n.t('Remove {count} volumes and all data in them?', { count: volumes.length }),
    detail: volumes.map((volume) => consequence(volume, containers)).join('\n'),
    actions: [remove],
    targets: { images: [], containers: [], volumes: volumes.map(({ name }) => name), projects: [] },
  });
  if (chosen !== remove) return undefined;
  return runOnEach(context.log, vscode.l10n.t('Removing volumes'), volumes, nameOf, ({ name }, signal) =>
    engine.volumes.remove(name, { signal }),
  );
};

function nameOf(volume: VolumeNode | undefined): string {
  return volume?.name ?? '';
}

function consequence({ name }: VolumeNode, containers: readonly ContainerSummary[]): string {
  const users = containers
    .filter(({ mounts }) => mounts.some((mount) => mount.type === 'volume' && mount.name === name))
    .map(({ names, id }) => names[0] ?? id);
  return users.length > 0
    ? vscode.l10n.t('{name}: in use by {containers}, so the engine will refuse', {
        name,
        containers: users.join(', '),
      })
    : vscode.l10n.t('{name}: all its data goes and can’t be brought back', { name });
}
