import { failure, reasonOf } from '../errors.ts';
import { usersOf } from '../volumes/volumeUsers.ts';
import type { MoveRun } from './moveRun.ts';
import { hasOwnData } from './sourceProblems.ts';

/** Something that was removed on the source. */
export interface RemovedThing {
  readonly what: 'image' | 'container' | 'volume' | 'network';
  readonly name: string;
}

/** What should have been removed here, and why it was not. */
export interface LeftThing extends RemovedThing {
  readonly reason: string;
}

/**
 * Removes here what stands at the target now: containers, volumes whose data went along, a project's networks; or
 * images, where these were moved. Images of containers stay, and so does whatever somebody else uses. What can't be
 * removed is left, and said: nothing is undone any more.
 */
export async function removeHere({ plan, source: { engine } }: Pick<MoveRun, 'plan' | 'source'>): Promise<{
  readonly removed: readonly RemovedThing[];
  readonly left: readonly LeftThing[];
}> {
  const { made, input } = plan;
  const removed: RemovedThing[] = [];
  const notRemoved: LeftThing[] = [];
  const remove = async (thing: RemovedThing, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
      removed.push(thing);
    } catch (error) {
      notRemoved.push({ ...thing, reason: reasonOf(error) });
    }
  };
  if (input.thing.kind === 'image')
    for (const { details, snapshotImage } of made.images)
      for (const ref of snapshotImage.tags.length === 0 ? [details.id] : snapshotImage.tags)
        await remove({ what: 'image', name: ref }, async () => {
          const { id } = await engine.images.inspect(ref);
          if (id !== details.id) throw failure('tagMoved', { tag: ref });
          await engine.images.remove(ref);
        });
  for (const { document } of [...made.containers].reverse())
    await remove({ what: 'container', name: document.name }, async () => {
      const { state } = await engine.containers.inspect(document.id);
      // Without its anonymous volumes, which are among those below. One that runs again by now is refused.
      await engine.containers.remove(document.id, state === 'paused' ? { force: true } : {});
    });
  const volumes = made.volumes.filter(
    ({ volume, action }) => action === 'create' && hasOwnData(volume.document),
  );
  const networks = plan.source.contents.project?.document.networks ?? [];
  let left;
  try {
    left = await engine.containers.list();
  } catch (error) {
    // Who uses them is not known.
    const reason = reasonOf(error);
    for (const { volume } of volumes) notRemoved.push({ what: 'volume', name: volume.document.name, reason });
    for (const { name } of networks) notRemoved.push({ what: 'network', name, reason });
    return { removed, left: notRemoved };
  }
  for (const { volume } of volumes) {
    const { name } = volume.document;
    const [user] = usersOf(name, left);
    if (user === undefined) await remove({ what: 'volume', name }, () => engine.volumes.remove(name));
    else notRemoved.push({ what: 'volume', name, reason: `${user.names[0] ?? user.id} uses it` });
  }
  for (const { name } of networks) {
    if (left.some((one) => one.networks.includes(name))) continue;
    await remove({ what: 'network', name }, () => engine.networks.remove(name));
  }
  return { removed, left: notRemoved };
}
