import * as z from 'zod';
import { isDigest, type Digest } from '../core/digest.ts';
import type { ImageSummary } from '../core/engine/records.ts';

/** What VS Code keeps for a workspace. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

/** An image by its name, so that a new build of it counts; by its ID where it has none. */
export interface ChosenImage {
  readonly id: string;
  readonly tag?: string | undefined;
}

const memoryKey = 'drydock.lens.images';
const mostRemembered = 200;

const remembered = z.record(z.string(), z.object({ id: z.string(), tag: z.string().optional() }));

/** Which image people chose for which file, remembered with the workspace. */
export class ChosenImages {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  of(uri: string): ChosenImage | undefined {
    return this.#all()[uri];
  }

  /** The image that was chosen, as the engine has it now; undefined where it is gone. */
  imageOf(uri: string, images: ReadonlyMap<Digest, ImageSummary>): ImageSummary | undefined {
    const chosen = this.of(uri);
    if (chosen === undefined) return undefined;
    if (chosen.tag !== undefined) {
      const { tag } = chosen;
      for (const image of images.values()) if (image.tags.includes(tag)) return image;
    }
    return isDigest(chosen.id) ? images.get(chosen.id) : undefined;
  }

  /** Without an image the choice is forgotten. */
  async choose(uri: string, image: ChosenImage | undefined): Promise<void> {
    const others = Object.entries(this.#all()).filter(([key]) => key !== uri);
    const all = image === undefined ? others : [...others, [uri, image] as const];
    await this.#memory.update(memoryKey, Object.fromEntries(all.slice(-mostRemembered)));
  }

  #all(): Readonly<Record<string, ChosenImage>> {
    return remembered.safeParse(this.#memory.get(memoryKey)).data ?? {};
  }
}
