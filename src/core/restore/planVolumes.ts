import type { SnapshotVolume } from '../snapshot/snapshot.ts';
import { usersOf } from '../volumes/volumeUsers.ts';
import { choiceFor, takenChoice } from './choices.ts';
import type { EngineState } from './engineState.ts';
import type { PlannedVolume, RestoreChoices, RestoreItem } from './restorePlan.ts';
import { problem, type RestoreProblem } from './restoreProblem.ts';

export interface VolumesPlan {
  readonly volumes: readonly PlannedVolume[];
  readonly items: readonly RestoreItem[];
  readonly problems: readonly RestoreProblem[];
}

/**
 * What becomes of each volume. Nothing that is there is touched unless it was chosen to be replaced, which needs that
 * nobody uses it meanwhile; `gone` are containers that will have been stopped.
 */
export function planVolumes(
  volumes: readonly SnapshotVolume[],
  choices: RestoreChoices,
  state: EngineState,
  gone: ReadonlySet<string> = new Set(),
): VolumesPlan {
  const problems: RestoreProblem[] = [];
  const planned: PlannedVolume[] = [];
  const items: RestoreItem[] = [];
  const taken = new Set(state.volumes.map(({ name }) => name));
  for (const volume of volumes) {
    const { name, kind, driver } = volume.document;
    if (kind === 'bind') {
      items.push({ what: 'volume', name, newName: name, action: 'skip', reason: 'undecided' });
      problems.push(problem('warning', 'bindNotRestored', { path: name }));
      continue;
    }
    const { target, action, reason } = decide(volume, choices, taken);
    if (reason === 'undecided') problems.push(problem('blocker', 'volumeTaken', { name: target }));
    if (action === 'replace') {
      // Its archives have no root folder, without which nothing can be taken out of a volume (volumes/replaceVolume.ts).
      if (state.info.product === 'podman')
        problems.push(problem('blocker', 'volumeNotReplaceable', { name: target }));
      const user = runningUser(target, state, gone);
      if (user !== undefined) problems.push(problem('blocker', 'volumeInUse', { name: target, other: user }));
    }
    const known = state.info.drivers?.volume;
    if (action === 'create' && known !== undefined && !known.includes(driver))
      problems.push(problem('blocker', 'volumeDriverMissing', { name, driver }));
    // Two of the snapshot may not become one.
    if (target !== '') taken.add(target);
    items.push({ what: 'volume', name, newName: target, action, reason });
    planned.push({ volume, target, action });
  }
  return { volumes: planned, items, problems };
}

function decide(
  { document: { name, isAnonymous } }: SnapshotVolume,
  choices: RestoreChoices,
  taken: ReadonlySet<string>,
): Pick<RestoreItem, 'action' | 'reason'> & { readonly target: string } {
  const choice = choiceFor(choices, 'volume', name);
  if (choice?.action === 'skip') return { target: name, action: 'skip', reason: 'chosen' };
  if (choice?.action === 'rename')
    return taken.has(choice.newName)
      ? { target: choice.newName, action: 'skip', reason: 'undecided' }
      : { target: choice.newName, action: 'create', reason: 'chosen' };
  if (!taken.has(name)) return { target: name, action: 'create', reason: 'absent' };
  // Nobody knows an anonymous volume by its name, so another one serves as well.
  if (isAnonymous && choice === undefined) return { target: '', action: 'create', reason: 'taken' };
  const action = takenChoice(choices, 'volume', name);
  return action === 'keep' || action === 'replace'
    ? { target: name, action, reason: 'chosen' }
    : { target: name, action: 'skip', reason: 'undecided' };
}

function runningUser(
  volume: string,
  { containers }: EngineState,
  gone: ReadonlySet<string>,
): string | undefined {
  const user = usersOf(volume, containers).find(
    ({ id, state }) => !gone.has(id) && ['running', 'paused', 'restarting'].includes(state),
  );
  return user && (user.names[0] ?? user.id);
}
