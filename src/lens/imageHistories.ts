import type { BuildStep } from '../core/dockerfile/buildFacts.ts';
import { DrydockError } from '../core/errors.ts';
import type { Engine } from '../core/engine/engine.ts';
import type { HistoryEntry, ImageDetails } from '../core/engine/records.ts';
import { imageLayers, type ImageLayer } from '../core/inspect/imageLayers.ts';

/** How an image came about, as the engine tells it. */
export interface ImageHistory {
  /** Oldest first. */
  readonly steps: readonly (BuildStep & Pick<HistoryEntry, 'sizeBytes' | 'createdAtMs'>)[];
}

/** What an image is besides its history; asked only of images that a file is matched with. */
export interface ImageParts {
  readonly details: ImageDetails;
  /** For each step, oldest first, what it made. */
  readonly layers: readonly ImageLayer[];
  /** What builds on it run first. */
  readonly triggers: readonly string[];
}

/** An ID says what an image is for ever, so an answer is never asked for again. */
const mostKept = 1_000;
/** So many questions are with the engine at a time. */
const atOnce = 4;

/** Histories of the images of the engine in use. Nothing but answers of some kilobytes is transferred. */
export class ImageHistories {
  readonly #engine: () => Engine;
  #of: Engine | undefined;
  readonly #histories = new Map<string, ImageHistory>();
  readonly #parts = new Map<string, ImageParts>();
  readonly #asked = new Map<string, Promise<void>>();
  readonly #askedParts = new Map<string, Promise<ImageParts | undefined>>();

  constructor(engine: () => Engine) {
    this.#engine = engine;
  }

  /** What is known already. */
  history(id: string): ImageHistory | undefined {
    this.#follow();
    return this.#histories.get(id);
  }

  parts(id: string): ImageParts | undefined {
    this.#follow();
    return this.#parts.get(id);
  }

  /**
   * Asks for the histories that are not known yet; an image that went away meanwhile or is damaged has none. Rejects
   * where the engine does not answer at all.
   */
  async load(ids: readonly string[]): Promise<void> {
    this.#follow();
    const missing = ids.filter((id) => !this.#histories.has(id));
    const workers = Array.from({ length: Math.min(atOnce, missing.length) }, async () => {
      for (let id = missing.shift(); id !== undefined; id = missing.shift()) await this.#ask(id);
    });
    await Promise.all(workers);
  }

  /** Asks for the history of one image, and for what it is besides; undefined and rejects as {@link load}. */
  async loadParts(id: string): Promise<ImageParts | undefined> {
    this.#follow();
    const known = this.#parts.get(id);
    if (known !== undefined) return known;
    const asked = this.#askedParts.get(id);
    if (asked !== undefined) return asked;
    const asking = this.#fetchParts(id).finally(() => {
      if (this.#askedParts.get(id) === asking) this.#askedParts.delete(id);
    });
    this.#askedParts.set(id, asking);
    return asking;
  }

  async #fetchParts(id: string): Promise<ImageParts | undefined> {
    const engine = this.#engine();
    const answers = await Promise.all([engine.images.history(id), engine.images.inspect(id)]).catch(
      (error: unknown) => {
        if (isOfOneImage(error)) return undefined;
        throw error;
      },
    );
    if (answers === undefined || engine !== this.#of) return undefined;
    const [history, details] = answers;
    const parts: ImageParts = {
      details,
      layers: imageLayers(history, details.diffIds).slice(0, history.length).toReversed(),
      triggers: triggersOf(details.raw),
    };
    keep(this.#histories, id, historyOf(history));
    keep(this.#parts, id, parts);
    return parts;
  }

  async #ask(id: string): Promise<void> {
    const asked = this.#asked.get(id) ?? this.#fetch(id).finally(() => this.#asked.delete(id));
    this.#asked.set(id, asked);
    await asked;
  }

  async #fetch(id: string): Promise<void> {
    const engine = this.#engine();
    try {
      const history = historyOf(await engine.images.history(id));
      if (engine === this.#of) keep(this.#histories, id, history);
    } catch (error) {
      if (!isOfOneImage(error)) throw error;
      // One that was removed since it was listed does not come back.
      if (error.code === 'engineNotFound' && engine === this.#of) keep(this.#histories, id, { steps: [] });
    }
  }

  #follow(): void {
    const engine = this.#engine();
    if (engine === this.#of) return;
    this.#of = engine;
    this.#histories.clear();
    this.#parts.clear();
    this.#asked.clear();
    this.#askedParts.clear();
  }
}

/** What an engine says of a damaged or a missing image; the others can be asked for all the same. */
function isOfOneImage(error: unknown): error is DrydockError {
  const codes: readonly string[] = ['engineNotFound', 'engineRefused', 'engineGarbled'];
  return error instanceof DrydockError && codes.includes(error.code);
}

function historyOf(entries: readonly HistoryEntry[]): ImageHistory {
  return { steps: entries.toReversed() };
}

function keep<T>(map: Map<string, T>, id: string, value: T): void {
  map.set(id, value);
  for (const oldest of [...map.keys()].slice(0, -mostKept)) map.delete(oldest);
}

function triggersOf(raw: unknown): readonly string[] {
  const config = fieldOf(raw, 'Config');
  const triggers = fieldOf(config, 'OnBuild');
  return Array.isArray(triggers) ? triggers.filter((text) => typeof text === 'string') : [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
