import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import type { ContainerSummary } from '../core/engine/records.ts';
import { pickContainers } from '../ui/pickers.ts';
import { runOnEach } from '../ui/runOnEach.ts';
import { askBeforeLoss } from './beforeLoss.ts';
import { chosenNodes, containersAmong } from './chosenNodes.ts';
import type { Command } from './context.ts';

/** Removes containers, after listing what goes with them: what they wrote, and anonymous volumes if asked. */
export const removeContainers: Command<'drydock.removeContainers'> = async (context, ...args) => {
  const engine = context.engine();
  const nodes = containersAmong(chosenNodes(args));
  const present = await engine.containers.list();
  const chosen = nodes.length > 0 ? nodes : await pickContainers(present, vscode.l10n.t('Remove Containers'));
  if (chosen === undefined) return undefined;
  const ids = new Set(chosen.map(({ id }) => id));
  const containers = present.filter(({ id }) => ids.has(id));
  if (containers.length === 0) return undefined;

  const remove = vscode.l10n.t('Remove');
  const withVolumes = vscode.l10n.t('Remove with Anonymous Volumes');
  const hasAnonymous = containers.some((container) => anonymousVolumes(container).length > 0);
  const answer = await askBeforeLoss(context, {
    message:
      containers.length === 1
        ? vscode.l10n.t('Remove container {name}?', { name: nameOf(containers[0]) })
        : vscode.l10n.t('Remove {count} containers?', { count: containers.length }),
    detail: containers.map(consequence).join('\n'),
    actions: hasAnonymous ? [remove, withVolumes] : [remove],
    targets: {
      images: [],
      containers: containers.map((container) => ({ id: container.id, name: nameOf(container) })),
      volumes: [],
      projects: [],
    },
  });
  if (answer === undefined) return undefined;
  return runOnEach(context.log, vscode.l10n.t('Removing containers'), containers, nameOf, ({ id }, signal) =>
    engine.containers.remove(id, { signal, force: true, anonymousVolumes: answer === withVolumes }),
  );
};

function nameOf(container: ContainerSummary | undefined): string {
  return container?.names[0] ?? shortDigest(container?.id ?? '');
}

/** Volumes that nobody named: 64 hex digits. */
function anonymousVolumes({ mounts }: ContainerSummary): readonly string[] {
  return mounts.flatMap(({ type, name }) =>
    type === 'volume' && name !== undefined && /^[0-9a-f]{64}$/.test(name) ? [name] : [],
  );
}

function consequence(container: ContainerSummary): string {
  const parts = [
    container.state === 'running' || container.state === 'paused' || container.state === 'restarting'
      ? vscode.l10n.t('{name}: is running and will be killed; what it wrote outside volumes goes', {
          name: nameOf(container),
        })
      : vscode.l10n.t('{name}: what it wrote outside volumes goes', { name: nameOf(container) }),
  ];
  const volumes = container.mounts.flatMap(({ type, name, target }) =>
    type === 'volume' && !anonymousVolumes(container).includes(name ?? '') ? [name ?? target] : [],
  );
  if (volumes.length > 0) {
    parts.push(vscode.l10n.t('these volumes stay: {names}', { names: volumes.join(', ') }));
  }
  const anonymous = anonymousVolumes(container).length;
  if (anonymous > 0) parts.push(vscode.l10n.t('anonymous volumes: {count}', { count: anonymous }));
  return parts.join(vscode.l10n.t('; '));
}
