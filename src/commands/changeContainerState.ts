import * as vscode from 'vscode';
import type { ContainerStore } from '../core/engine/engine.ts';
import type { ContainerState, ContainerSummary } from '../core/engine/records.ts';
import { pickContainers } from '../ui/pickers.ts';
import { runOnEach } from '../ui/runOnEach.ts';
import { chosenNodes, containersAmong } from './chosenNodes.ts';
import type { Command } from './context.ts';

type StateCommand = Command<
  | 'drydock.startContainers'
  | 'drydock.stopContainers'
  | 'drydock.pauseContainers'
  | 'drydock.unpauseContainers'
>;

interface Change {
  readonly title: () => string;
  readonly doing: () => string;
  /** Containers in other states are left alone, so that the command can be given on a whole project. */
  readonly from: readonly ContainerState[];
  readonly run: (containers: ContainerStore, id: string, signal: AbortSignal) => Promise<void>;
}

function stateCommand(change: Change): StateCommand {
  return async (context, ...args) => {
    const { containers } = context.engine();
    const ids = new Set(containersAmong(chosenNodes(args)).map(({ id }) => id));
    const fitting = (await containers.list()).filter(({ state }) => change.from.includes(state));
    const picked = ids.size > 0 ? undefined : await pickContainers(fitting, change.title());
    for (const { id } of picked ?? []) ids.add(id);
    const chosen = fitting.filter(({ id }) => ids.has(id));
    if (chosen.length === 0) return undefined;
    return runOnEach(context.log, change.doing(), chosen, nameOf, ({ id }, signal) =>
      change.run(containers, id, signal),
    );
  };
}

function nameOf({ names, id }: ContainerSummary): string {
  return names[0] ?? id;
}

export const startContainers = stateCommand({
  title: () => vscode.l10n.t('Start Containers'),
  doing: () => vscode.l10n.t('Starting containers'),
  from: ['created', 'exited', 'dead', 'unknown'],
  run: (containers, id, signal) => containers.start(id, { signal }),
});

export const stopContainers = stateCommand({
  title: () => vscode.l10n.t('Stop Containers'),
  doing: () => vscode.l10n.t('Stopping containers'),
  from: ['running', 'paused', 'restarting', 'unknown'],
  run: (containers, id, signal) => containers.stop(id, { signal }),
});

export const pauseContainers = stateCommand({
  title: () => vscode.l10n.t('Pause Containers'),
  doing: () => vscode.l10n.t('Pausing containers'),
  from: ['running', 'unknown'],
  run: (containers, id, signal) => containers.pause(id, { signal }),
});

export const unpauseContainers = stateCommand({
  title: () => vscode.l10n.t('Unpause Containers'),
  doing: () => vscode.l10n.t('Unpausing containers'),
  from: ['paused', 'unknown'],
  run: (containers, id, signal) => containers.unpause(id, { signal }),
});
