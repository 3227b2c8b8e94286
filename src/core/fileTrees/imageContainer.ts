import type { Engine } from '../engine/engine.ts';
import { helperLabel } from '../engine/helperLabel.ts';
import { DrydockError } from '../errors.ts';
import { madeUpName } from '../recovery/engineNotes.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { ownedHelpers, sweepHelpers } from '../volumes/ownedHelpers.ts';

export interface ImageContainerDeps {
  readonly engine: Engine;
  readonly owner: ProcessIdentity;
}

/** A container of an image that is there to be read from and never starts. */
export interface ImageContainer {
  readonly id: string;
  /** Takes it away, with the volumes that its image asked for. */
  remove(): Promise<void>;
}

/**
 * Makes a container of an image, which says whose it is: what a killed process left goes when the next one is made.
 * Rejects with `engineNotFound` where there is no such image.
 */
export async function makeImageContainer(
  { engine, owner }: ImageContainerDeps,
  image: string,
  signal: AbortSignal,
): Promise<ImageContainer> {
  await sweepHelpers({ engine, owner }, { signal });
  signal.throwIfAborted();
  const name = madeUpName('helper');
  const { labels } = ownedHelpers({ engine, owner });
  // Without the signal: cut off in its middle the engine would go on, and nobody know of it.
  await engine.containers.create({
    name,
    body: {
      Image: image,
      Cmd: ['x'],
      Labels: { [helperLabel]: name, ...labels },
      HostConfig: { NetworkMode: 'none' },
    },
  });
  return {
    id: name,
    async remove() {
      try {
        await engine.containers.remove(name, { force: true, anonymousVolumes: true });
      } catch (error) {
        if (!(error instanceof DrydockError && error.code === 'engineNotFound')) throw error;
      }
    },
  };
}
