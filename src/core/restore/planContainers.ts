import * as z from 'zod';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ContainerSummary } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { SnapshotContents, SnapshotImage } from '../snapshot/snapshot.ts';
import type { CapturedContainer } from '../snapshot/snapshotRecords.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { choiceFor, takenChoice } from './choices.ts';
import { containerProblems, cutOffProblems } from './containerProblems.ts';
import { orderContainers } from './containerOrder.ts';
import type { EngineState } from './engineState.ts';
import type { PlannedContainer, RestoreChoices, RestoreItem } from './restorePlan.ts';
import { problem, type RestoreProblem } from './restoreProblem.ts';

export interface ContainersPlan {
  readonly containers: readonly PlannedContainer[];
  readonly items: readonly RestoreItem[];
  readonly problems: readonly RestoreProblem[];
  /** IDs of those that are replaced, and stopped before anything is made. */
  readonly gone: ReadonlySet<string>;
}

type Decision = Pick<RestoreItem, 'newName' | 'action' | 'reason'> & { readonly there?: ContainerSummary };

/** What becomes of containers, those that others need first. One that is there is touched only if that was chosen. */
export async function planContainers(
  { engine }: { readonly engine: Engine },
  input: {
    readonly contents: SnapshotContents;
    readonly documents: readonly CapturedContainer[];
    readonly choices: RestoreChoices;
    readonly state: EngineState;
  },
  cancel: CancelOptions = {},
): Promise<ContainersPlan> {
  const { contents, choices, state } = input;
  const ordered = orderContainers(input.documents, contents.project);
  const decisions = new Map(
    ordered.map(({ document }) => [document.name, decide(document.name, choices, state)]),
  );
  const containers: PlannedContainer[] = [];
  const items: RestoreItem[] = [];
  const problems: RestoreProblem[] = [];
  const taken = new Set(state.containers.flatMap(({ names }) => names));
  for (const { document, needs, outside } of ordered) {
    const { name } = document;
    const { there, ...decision } = decisions.get(name) ?? decide(name, choices, state);
    items.push({ what: 'container', name, ...decision });
    if (decision.reason === 'undecided')
      problems.push(problem('blocker', 'containerTaken', { name: decision.newName }));
    if (decision.action !== 'create' && decision.action !== 'replace') continue;
    if (
      decision.action === 'replace' &&
      there !== undefined &&
      (await isRemovedAtStop(engine, there.id, cancel))
    )
      problems.push(problem('blocker', 'replaceWouldRemove', { name }));
    containers.push({
      document,
      name: decision.newName,
      ...(decision.action === 'replace' &&
        there !== undefined && {
          replaces: {
            id: there.id,
            name: there.names[0] ?? decision.newName,
            wasRunning: ['running', 'paused', 'restarting'].includes(there.state),
          },
        }),
      state: stateOf(document, choices),
      image: imageOf(document.writableManifest ?? document.imageManifest, contents),
      needs: needs.filter((other) => decisions.get(other)?.action !== 'skip'),
    });
    const missing = [
      ...outside,
      ...needs.filter((other) => decisions.get(other)?.action === 'skip' && !taken.has(other)),
    ].filter((other) => !isThere(other, state));
    for (const other of missing) problems.push(problem('blocker', 'dependencyMissing', { name, other }));
  }
  const replaced = containers.flatMap(({ replaces }) => (replaces ? [replaces] : []));
  const gone = new Set(replaced.map(({ id }) => id));
  const isLeftOut = (volume: string): boolean => choiceFor(choices, 'volume', volume)?.action === 'skip';
  for (const container of containers) problems.push(...containerProblems(container, state, gone, isLeftOut));
  problems.push(...(await cutOffProblems(engine, replaced, state, cancel)));
  return { containers, items, problems, gone };
}

function decide(name: string, choices: RestoreChoices, { containers }: EngineState): Decision {
  const choice = choiceFor(choices, 'container', name);
  const holder = (of: string): ContainerSummary | undefined =>
    containers.find(({ names }) => names.includes(of));
  if (choice?.action === 'skip') return { newName: name, action: 'skip', reason: 'chosen' };
  if (choice?.action === 'rename')
    return holder(choice.newName) === undefined
      ? { newName: choice.newName, action: 'create', reason: 'chosen' }
      : { newName: choice.newName, action: 'skip', reason: 'undecided' };
  const there = holder(name);
  if (there === undefined) return { newName: name, action: 'create', reason: 'absent' };
  const action = takenChoice(choices, 'container', name);
  if (action === 'replace') return { newName: name, action, reason: 'chosen', there };
  if (action === 'keep') return { newName: name, action, reason: 'chosen' };
  return { newName: name, action: 'skip', reason: 'undecided' };
}

function isThere(reference: string, { containers }: EngineState): boolean {
  return containers.some(({ id, names }) => names.includes(reference) || id === reference);
}

const autoRemove = z.object({ HostConfig: z.object({ AutoRemove: z.boolean().optional() }).optional() });

async function isRemovedAtStop(engine: Engine, id: string, cancel: CancelOptions): Promise<boolean> {
  const { raw } = await engine.containers.inspect(id, cancel);
  const parsed = autoRemove.safeParse(raw);
  return parsed.success && parsed.data.HostConfig?.AutoRemove === true;
}

function stateOf({ state }: CapturedContainer, { start = true }: RestoreChoices): PlannedContainer['state'] {
  if (!start) return 'created';
  if (state === 'paused') return 'paused';
  return state === 'running' || state === 'restarting' ? 'running' : 'created';
}

/** The image of a snapshot that a manifest belongs to. Throws `badJson` where there is none. */
export function imageOf(manifest: Digest, { images, snapshot }: SnapshotContents): SnapshotImage {
  const found = images.find(
    ({ target, manifests }) =>
      target.digest === manifest || manifests.some(({ descriptor }) => descriptor.digest === manifest),
  );
  if (found === undefined)
    throw failure('badJson', {
      where: snapshot.refName,
      reason: `it lacks the image ${shortDigest(manifest)}`,
    });
  return found;
}
