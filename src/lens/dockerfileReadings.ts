import type { Digest } from '../core/digest.ts';
import type { BuiltImage } from '../core/dockerfile/builtImage.ts';
import { parseDockerfile, stagesBelow, type Dockerfile } from '../core/dockerfile/parseDockerfile.ts';
import { DrydockError, isCancellation } from '../core/errors.ts';
import type { Inventory } from '../core/inspect/inventory.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import type { ChosenImages } from './chosenImages.ts';
import type { ImageHistories } from './imageHistories.ts';
import type { InsideFigures } from './insideFigures.ts';
import type { LensPart } from './lensLines.ts';
import {
  baseImage,
  findBuilt,
  matchWith,
  newestOf,
  previousBuild,
  targetOf,
  type StageCandidate,
} from './lensReading.ts';

/** A document as the lens needs it. */
export interface LensDocument {
  readonly uri: string;
  readonly version: number;
  text(): string;
}

/** How the image was come by. */
export type LensState = 'searching' | 'found' | 'chosen' | 'several' | 'none' | 'unreadable';

export interface LensReading {
  readonly dockerfile: Dockerfile;
  readonly state: LensState;
  /** That of the last stage, or of the one that the image was built up to, first. */
  readonly parts: readonly LensPart[];
  /** Of `several`. */
  readonly candidates: readonly StageCandidate[];
  /** An earlier build that the engine still has. */
  readonly previous?: Digest;
  /** The images that stages are FROM, by the stage's place. */
  readonly bases: ReadonlyMap<number, ImageSummary>;
  /** Of `unreadable`. */
  readonly error?: DrydockError;
}

interface FoundImages {
  /** By the stage that they were built up to. */
  readonly byStage: ReadonlyMap<number, Digest>;
  readonly isSeveral: boolean;
  readonly candidates: readonly StageCandidate[];
  readonly previous?: Digest;
}

interface OpenFile {
  version: number;
  dockerfile: Dockerfile | undefined;
  error: DrydockError | undefined;
  /** What a search found. It stays while the file is edited, so that lines can be said to differ from it. */
  found: FoundImages | undefined;
  search: AbortController | undefined;
}

export interface DockerfileReadingsDeps {
  readonly inventory: Pick<Inventory, 'images' | 'listing'>;
  readonly histories: ImageHistories;
  readonly chosen: ChosenImages;
  readonly figures: InsideFigures;
  /** Called when there is more to say than before. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

const noDockerfile: Dockerfile = { escape: '\\', globalArgs: new Map(), stages: [] };

/**
 * What is known of each open Dockerfile. A question is answered at once from what is at hand; what is not is asked for
 * beside it, and `changed` tells when it came.
 */
export class DockerfileReadings {
  readonly #deps: DockerfileReadingsDeps;
  readonly #files = new Map<string, OpenFile>();

  constructor(deps: DockerfileReadingsDeps) {
    this.#deps = deps;
  }

  read(document: LensDocument): LensReading {
    const file = this.#parsed(document);
    const { images } = this.#deps.inventory;
    const { dockerfile = noDockerfile, error } = file;
    const none = { dockerfile, parts: [], candidates: [], bases: new Map<number, ImageSummary>() };
    if (error !== undefined) return { ...none, state: 'unreadable', error };
    const bases = this.#bases(dockerfile, images);
    const chosen = this.#deps.chosen.imageOf(document.uri, images);
    if (chosen === undefined) this.#search(file);
    const found = chosen === undefined ? file.found : undefined;
    const { histories } = this.#deps;
    const targets =
      chosen === undefined
        ? [...(found?.byStage ?? [])]
        : [[targetOf(dockerfile, chosen.id, histories, images), chosen.id] as const];
    const parts = targets
      .filter(([stage]) => stage < dockerfile.stages.length)
      .flatMap(([stage, id]) => this.#part(dockerfile, stage, id, images) ?? []);
    if (found !== undefined && parts[0]?.match.confidence === 'none') this.#search(file, true);
    const state = chosen !== undefined ? 'chosen' : found === undefined ? 'searching' : stateOf(found, parts);
    return {
      dockerfile,
      state,
      parts,
      candidates: found?.candidates ?? [],
      ...(found?.previous && images.has(found.previous) ? { previous: found.previous } : {}),
      bases,
    };
  }

  /** Looks for images anew: some came or went. */
  searchAgain(): void {
    for (const file of this.#files.values()) {
      file.search?.abort();
      file.search = undefined;
      const { found } = file;
      const isThere =
        found !== undefined && [...found.byStage.values()].every((id) => this.#deps.inventory.images.has(id));
      if (!isThere || found.byStage.size === 0) file.found = undefined;
      else this.#search(file, true);
    }
    this.#deps.changed();
  }

  close(uri: string): void {
    this.#files.get(uri)?.search?.abort();
    this.#files.delete(uri);
  }

  dispose(): void {
    for (const uri of [...this.#files.keys()]) this.close(uri);
  }

  #parsed(document: LensDocument): OpenFile {
    const { uri, version } = document;
    const file = this.#files.get(uri) ?? {
      version: -1,
      dockerfile: undefined,
      error: undefined,
      found: undefined,
      search: undefined,
    };
    this.#files.set(uri, file);
    if (file.version === version) return file;
    const isFirst = file.version === -1;
    file.version = version;
    file.error = undefined;
    try {
      file.dockerfile = parseDockerfile(document.text());
    } catch (error) {
      if (!(error instanceof DrydockError)) throw error;
      file.error = error;
    }
    // What fits nothing may fit something now.
    if (!isFirst && file.found?.byStage.size === 0) this.#search(file, true);
    return file;
  }

  #bases(
    dockerfile: Dockerfile,
    images: ReadonlyMap<Digest, ImageSummary>,
  ): ReadonlyMap<number, ImageSummary> {
    const bases = new Map<number, ImageSummary>();
    for (const stage of dockerfile.stages) {
      const image = baseImage(stage, images);
      if (image === undefined) continue;
      bases.set(stage.place, image);
      this.#ask(image.id);
    }
    return bases;
  }

  #part(
    dockerfile: Dockerfile,
    stage: number,
    id: Digest,
    images: ReadonlyMap<Digest, ImageSummary>,
  ): LensPart | undefined {
    const { histories, figures } = this.#deps;
    this.#ask(id);
    const image = images.get(id);
    const history = histories.history(id);
    const match = matchWith(dockerfile, stage, id, histories, images);
    if (image === undefined || history === undefined || match === undefined) return undefined;
    const parts = histories.parts(id);
    const inside = figures.of(id, history.steps.length);
    return { stage, image, match, history, ...(parts && { parts }), ...inside };
  }

  /** Asks for what an image is, unless that is known. */
  #ask(id: Digest): void {
    const { histories, changed, failed } = this.#deps;
    if (histories.parts(id) !== undefined) return;
    void histories.loadParts(id).then((parts) => {
      if (parts !== undefined) changed();
    }, failed);
  }

  #search(file: OpenFile, isAgain = false): void {
    const { inventory, changed, failed } = this.#deps;
    const { dockerfile } = file;
    if (dockerfile === undefined || file.search !== undefined || (file.found !== undefined && !isAgain))
      return;
    if (inventory.listing('images').kind !== 'listed') return;
    const search = new AbortController();
    file.search = search;
    void this.#find(dockerfile, search.signal).then(
      (found) => {
        if (search.signal.aborted) return;
        file.search = undefined;
        // A file of which nothing was found is looked at again as it is edited.
        file.found = found;
        changed();
      },
      (error: unknown) => {
        if (file.search === search) file.search = undefined;
        if (!isCancellation(error)) failed(error);
      },
    );
  }

  async #find(dockerfile: Dockerfile, signal: AbortSignal): Promise<FoundImages> {
    const { inventory, histories } = this.#deps;
    const { images } = inventory;
    await histories.load(newestOf(images).map(({ id }) => id));
    const bases = dockerfile.stages.flatMap((stage) => baseImage(stage, images)?.id ?? []);
    for (const id of new Set(bases)) await histories.loadParts(id);
    signal.throwIfAborted();
    const byStage = new Map<number, Digest>();
    const last = dockerfile.stages.length - 1;
    let main: (BuiltImage<StageCandidate> & { readonly candidates: readonly StageCandidate[] }) | undefined;
    const covered = new Set<number>();
    for (let stage = last; stage >= 0; stage--) {
      if (covered.has(stage)) continue;
      const found = await findBuilt(dockerfile, stage, histories, images, signal);
      if (stage === last) main = found;
      if (found.kind !== 'found') continue;
      byStage.set(stage, found.image.id);
      for (const { place } of stagesBelow(dockerfile, stage)) covered.add(place);
    }
    const previous = main?.kind === 'found' ? previousBuild(main.candidates, main.image) : undefined;
    return {
      byStage,
      isSeveral: main?.kind === 'several',
      candidates: main?.kind === 'several' ? main.images : [],
      ...(previous && { previous: previous.id }),
    };
  }
}

function stateOf(found: FoundImages, parts: readonly LensPart[]): LensState {
  if (parts.length > 0) return 'found';
  return found.isSeveral ? 'several' : 'none';
}
