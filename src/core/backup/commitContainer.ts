import type { Digest } from '../digest.ts';
import { requireChange } from '../engine/commitInstructions.ts';
import type { CommitInput, Engine } from '../engine/engine.ts';
import { keepOnlyIf } from '../engine/keepOnlyIf.ts';
import { DrydockError, failure } from '../errors.ts';
import { familiarName, parseImageName } from '../oci/imageName.ts';
import type { Operation } from '../progress.ts';

export interface CommittedImage {
  readonly id: Digest;
  readonly name?: string;
  readonly sizeBytes: number;
  readonly layers: number;
}

/**
 * Makes an image of a container's file system and looks at what came out: the image is there, has the layers of
 * the container's image below its own. Volumes are not part of it. The name is given last, so a failure moves no
 * tag; a tag that another image has moves then, as with `docker commit`. A cancel waits for the engine: it commits
 * whether anyone listens or not, and only then can the image be removed.
 */
export async function commitContainer(
  deps: { readonly engine: Engine },
  input: CommitInput & { readonly containerId: string },
  { signal, progress }: Operation,
): Promise<CommittedImage> {
  const { containerId, name: wantedName, ...commit } = input;
  for (const change of commit.changes ?? []) requireChange(change);
  const name = wantedName === undefined ? undefined : familiarName(parseImageName(wantedName));
  const container = await deps.engine.containers.inspect(containerId, { signal });
  progress.report({ phase: 'finishing', item: container.name });
  const { images } = deps.engine;
  signal.throwIfAborted();
  const id = await deps.engine.containers.commit(containerId, commit);
  return keepOnlyIf(images, { id, name }, signal, async () => {
    const image = await images.inspect(id, { signal });
    const base = await images.inspect(container.imageId, { signal }).catch((error: unknown) => {
      if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined; // removed by force
      throw error;
    });
    if (base?.diffIds.every((diffId, index) => diffId === image.diffIds[index]) === false) {
      throw failure('loadMismatch', {
        name: container.name,
        reason: 'the layers of its image are not below it',
      });
    }
    return {
      id,
      sizeBytes: image.sizeBytes,
      layers: image.diffIds.length,
      ...(name === undefined ? {} : { name }),
    };
  });
}
