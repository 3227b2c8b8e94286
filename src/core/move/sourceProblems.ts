import * as z from 'zod';
import type { Engine } from '../engine/engine.ts';
import { isActive } from '../backup/standstill.ts';
import type { ContainerSummary, VolumeDetails } from '../engine/records.ts';
import { nameOfImage } from '../restore/planImages.ts';
import type { PlannedContainer, PlannedVolume } from '../restore/restorePlan.ts';
import { problem, type RestoreProblem } from '../restore/restoreProblem.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { isForgetful } from '../volumes/volumeRemarks.ts';
import { writersOf } from '../volumes/volumeUsers.ts';
import type { MoveSource } from './lookAtSource.ts';
import type { MoveInput } from './movedThing.ts';

/** What else is on the source, as far as a move meets it. */
export interface SourceState {
  readonly containers: readonly ContainerSummary[];
}

interface ToCheck {
  readonly input: MoveInput;
  readonly from: MoveSource;
  readonly here: SourceState;
  readonly containers: readonly PlannedContainer[];
  readonly volumes: readonly PlannedVolume[];
}

const inspected = z.object({
  HostConfig: z
    .object({
      AutoRemove: z.boolean().optional(),
      RestartPolicy: z.object({ Name: z.string().optional() }).nullish(),
    })
    .nullish(),
});

/** What is in the way here, or will be otherwise here than one may expect. */
export async function sourceProblems(
  { source }: { readonly source: Engine },
  { input, from, here, containers, volumes }: ToCheck,
  cancel: CancelOptions = {},
): Promise<readonly RestoreProblem[]> {
  const problems: RestoreProblem[] = [];
  for (const volume of from.volumes) {
    const { name } = volume;
    const device = deviceOf(volume);
    if (isForgetful(volume.options)) problems.push(problem('warning', 'volumeInMemory', { name }));
    else if (device !== undefined) problems.push(problem('warning', 'volumeOnDevice', { name, device }));
  }
  const moved = new Set(containers.map(({ document }) => document.id));
  const others = otherWriters(volumes, here, moved).filter(({ container }) => isActive(container));
  for (const { container, volume } of others)
    problems.push(problem('warning', 'writerStops', { name: nameOf(container), volume }));
  const held = from.containers.map(({ details }) => details).filter(({ id }) => moved.has(id));
  for (const id of new Set(others.map(({ container }) => container.id)))
    held.push(await source.containers.inspect(id, cancel));
  for (const details of held) {
    const { id, name, raw } = details;
    const { HostConfig } = inspected.catch({ HostConfig: null }).parse(raw);
    if (isActive(details) && HostConfig?.AutoRemove === true)
      problems.push(problem('blocker', 'moveWouldRemove', { name }));
    if (moved.has(id) && input.afterwards === 'stop' && HostConfig?.RestartPolicy?.Name === 'always')
      problems.push(problem('warning', 'startsWithEngine', { name }));
  }
  return [...problems, ...imageProblems({ input, from, here })];
}

/** Where a volume's data lies, when that is a place which Drydock was told of and does not copy. */
export function deviceOf({ driver, options }: Pick<VolumeDetails, 'driver' | 'options'>): string | undefined {
  const device = options['device'];
  return driver === 'local' && device !== undefined && !isForgetful(options) ? device : undefined;
}

/** Whether a move takes along what a volume holds. */
export function hasOwnData(details: Pick<VolumeDetails, 'driver' | 'options'>): boolean {
  return !isForgetful(details.options) && deviceOf(details) === undefined;
}

/** Containers, running or not, that are not moved, and may write to volumes whose data is. */
export function otherWriters(
  volumes: readonly PlannedVolume[],
  { containers }: Pick<SourceState, 'containers'>,
  moved: ReadonlySet<string>,
): readonly { readonly container: ContainerSummary; readonly volume: string }[] {
  return volumes
    .filter(({ action, volume }) => action === 'create' && hasOwnData(volume.document))
    .flatMap(({ volume: { document } }) =>
      writersOf(document.name, containers)
        .filter((container) => !moved.has(container.id))
        .map((container) => ({ container, volume: document.name })),
    );
}

function imageProblems({
  input,
  from,
  here,
}: Pick<ToCheck, 'input' | 'from' | 'here'>): readonly RestoreProblem[] {
  const problems: RestoreProblem[] = [];
  for (const { details, snapshotImage } of from.images) {
    const name = nameOfImage(snapshotImage);
    const isOfClassic = from.info.imageStore !== 'containerd' && from.info.product !== 'podman';
    if (details.diffIds.length === 0 && isOfClassic)
      problems.push(problem('blocker', 'imageHasNoLayers', { name }));
    const user = here.containers.find(({ imageId }) => imageId === details.id);
    if (input.thing.kind === 'image' && input.afterwards === 'remove' && user !== undefined)
      problems.push(problem('blocker', 'imageUsedHere', { name, other: nameOf(user) }));
  }
  return problems;
}

function nameOf({ id, names: [own = id.slice(0, 12)] }: ContainerSummary): string {
  return own;
}
