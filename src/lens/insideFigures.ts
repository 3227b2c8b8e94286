import type { Digest } from '../core/digest.ts';
import { isCancellation } from '../core/errors.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import { stepPlaces, type LensPart } from './lensLines.ts';
import type { LayerFigures } from './layerFigures.ts';

interface Inside {
  readonly config: LayeredImage['config'];
  readonly layerCount: number;
  readonly figures: readonly LayerFigures[];
}

/** More than one file can have stages: what is shown is not forgotten. Numbers take no room; lists are not kept. */
const mostKept = 400;

export interface InsideFiguresDeps {
  /** The image with the lists of its layers, where nothing has to be transferred for it. */
  readonly peek: (imageId: Digest) => Promise<LayeredImage | undefined>;
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

/** Figures of images that somebody has looked into, or that lie in a vault. Nothing is transferred for them. */
export class InsideFigures {
  readonly #deps: InsideFiguresDeps;
  readonly #known = new Map<Digest, Inside | 'asked' | 'unread'>();
  readonly #ended = new AbortController();
  /** How often somebody has looked into an image since; an answer from before says nothing of what is known after. */
  #readCount = 0;

  constructor(deps: InsideFiguresDeps) {
    this.#deps = deps;
  }

  /** What is known of an image whose history has `stepCount` steps; asks for it when nothing is. */
  of(imageId: Digest, stepCount: number): Pick<LensPart, 'figures' | 'places'> {
    const known = this.#known.get(imageId);
    if (known === undefined) this.#ask(imageId);
    if (known === undefined || typeof known === 'string') return {};
    const { config, layerCount, figures } = known;
    const places = stepPlaces(config, layerCount, stepCount);
    return { figures, ...(places && { places }) };
  }

  /** Whether that could be told by reading the image. */
  isUnread(imageId: Digest): boolean {
    return this.#known.get(imageId) === 'unread';
  }

  /** Asks once more for images that could not be looked into: somebody may have since. */
  askAgain(): void {
    this.#readCount += 1;
    for (const [id, known] of this.#known) if (known === 'unread') this.#known.delete(id);
  }

  dispose(): void {
    this.#ended.abort();
  }

  #ask(imageId: Digest): void {
    const { changed, failed } = this.#deps;
    this.#known.set(imageId, 'asked');
    for (const oldest of [...this.#known.keys()].slice(0, -mostKept)) this.#known.delete(oldest);
    const readCount = this.#readCount;
    void this.#look(imageId).then(
      (inside) => {
        if (inside === undefined && readCount !== this.#readCount) this.#known.delete(imageId);
        else this.#known.set(imageId, inside ?? 'unread');
        changed();
      },
      (error: unknown) => {
        this.#known.set(imageId, 'unread');
        if (!isCancellation(error)) failed(error);
      },
    );
  }

  async #look(imageId: Digest): Promise<Inside | undefined> {
    const image = await this.#deps.peek(imageId);
    if (image === undefined) return undefined;
    const { layerFigures } = await import('./layerFigures.ts');
    const figures = await layerFigures(image, this.#ended.signal);
    return { config: image.config, layerCount: image.layers.length, figures };
  }
}
