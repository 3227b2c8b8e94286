import { failure } from '../errors.ts';
import { awaitSteady, reasonAgainst } from './awaitSteady.ts';
import { createBodyOf } from './createBody.ts';
import { bodyFor } from './podmanBody.ts';
import type { PlannedContainer } from './restorePlan.ts';
import { ifThere, type RestoreRun } from './restoreRun.ts';

/** A container that was made. */
export interface MadeContainer {
  readonly id: string;
  readonly planned: PlannedContainer;
}

/** Makes the containers in their order and connects each to its networks; none is started yet. */
export async function makeContainers(
  run: RestoreRun,
  volumes: ReadonlyMap<string, string>,
): Promise<readonly MadeContainer[]> {
  const { engine, plan, operation, undo, warnings } = run;
  const { signal } = operation;
  const names = new Map(
    plan.containers.flatMap(({ document, name }) => [
      [document.name, name],
      [document.id, name],
    ]),
  );
  const emptyVolumes = new Set(
    plan.volumes
      // Its root folder is an entry as well.
      .filter(({ volume, action }) => action !== 'keep' && volume.document.entryCount <= 1)
      .map(({ volume, target }) => volumes.get(volume.document.name) ?? target),
  );
  const made: MadeContainer[] = [];
  for (const planned of plan.containers) {
    const { document, name } = planned;
    signal.throwIfAborted();
    const { body, later, mounted } = createBodyOf({
      document: { ...document, createBody: bodyFor(plan.info.product, document.createBody) },
      image: await imageReference(run, planned),
      containers: names,
      volumes,
      emptyVolumes,
      takesOneNetwork: takesOneNetwork(plan.info.apiVersion),
    });
    if ((await ifThere(engine.containers.inspect(name, { signal }))) !== undefined)
      throw failure('restoreTaken', { name });
    // What is left out or not in the snapshot the engine makes, empty.
    for (const volume of new Set(mounted))
      if ((await ifThere(engine.volumes.inspect(volume, { signal }))) === undefined)
        await undo.note({ kind: 'removeVolume', name: volume, notBeforeMs: Date.now() });
    const byName = await undo.note({ kind: 'removeContainer', name });
    // Without the signal: a call that broke off might still be carried out after it was undone.
    const { id, warnings: said } = await engine.containers.create({
      name,
      body,
      ...(document.platform !== undefined &&
        isLater(plan.info.apiVersion, 41) && { platform: document.platform }),
    });
    await undo.made(byName, { kind: 'removeContainer', name: id });
    for (const text of said) warnings.push({ kind: 'engine', name, text });
    for (const { network, config } of later) await engine.networks.connect(network, id, config);
    made.push({ id, planned });
  }
  return made;
}

/**
 * Starts what ran, in order, and waits until it is clear that it stays. One that replaces another has to: rejects
 * with `restoreNotHealthy`. Of one that was not there before a warning tells.
 */
export async function startContainers(run: RestoreRun, made: readonly MadeContainer[]): Promise<void> {
  const { engine, operation, warnings, wait } = run;
  const { signal, progress } = operation;
  const started = made.filter(({ planned }) => planned.state !== 'created');
  for (const { id, planned } of started) {
    signal.throwIfAborted();
    progress.report({ phase: 'finishing', item: planned.name });
    await engine.containers.start(id);
  }
  for (const { id, planned } of started) {
    const { document, name, replaces, state } = planned;
    progress.report({ phase: 'checking', item: name });
    const steadiness = await awaitSteady(engine, { id, document }, { signal, wait });
    if (!steadiness.isSteady) {
      const { reason } = steadiness;
      if (replaces !== undefined) throw failure('restoreNotHealthy', { name, reason });
      warnings.push({ kind: 'notRunning', name, text: reason });
    } else if (state === 'paused') await engine.containers.pause(id);
  }
  // One may have ended while the others were waited for.
  for (const { id, planned } of started) {
    const { name, replaces, state } = planned;
    if (replaces === undefined || state === 'paused') continue;
    const reason = reasonAgainst(await engine.containers.inspect(id, { signal }));
    if (reason !== undefined) throw failure('restoreNotHealthy', { name, reason });
  }
}

/** By its name while that means the image, so that it reads as it did; by its ID otherwise. */
async function imageReference(
  { engine, plan, operation }: RestoreRun,
  planned: PlannedContainer,
): Promise<string> {
  const { document, image } = planned;
  const found = plan.images.find(({ snapshotImage }) => snapshotImage === image);
  if (found === undefined)
    throw failure('unexpected', { reason: `the image of ${document.name} is not in the plan` });
  const { id } = found.load;
  if (document.writableManifest !== undefined) return id;
  const named = await ifThere(engine.images.inspect(document.imageName, { signal: operation.signal }));
  return named?.id === id ? document.imageName : id;
}

function takesOneNetwork(apiVersion: string): boolean {
  return !isLater(apiVersion, 44);
}

/** Whether an API version is 1.`minor` or later. */
function isLater(apiVersion: string, minor: number): boolean {
  const [major = 0, found = 0] = apiVersion.split('.').map(Number);
  return major > 1 || (major === 1 && found >= minor);
}
