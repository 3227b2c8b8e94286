/**
 * An engine in memory with the manners of a classic Docker engine, for faults that a real one can't be made to show.
 * It records what it is asked, and any answer can be replaced:
 *
 *     const engine = new LyingEngine([app, base]);
 *     engine.lies.tag = (truth) => truth().then(() => { throw failure('engineAnswerCut', { call: 'image tag' }); });
 *     engine.state();   // { 'app:1': 'sha256:…' } and the images without a name
 */
import { Readable } from 'node:stream';
import { readArchive } from '../../src/core/archive/readArchive.ts';
import { digestOf, type Digest } from '../../src/core/digest.ts';
import type { CallOptions, CommitInput, Engine } from '../../src/core/engine/engine.ts';
import type {
  ContainerDetails,
  EngineInfo,
  ImageDetails,
  ImageSummary,
  LoadOutcome,
  Removal,
} from '../../src/core/engine/records.ts';
import { unusableEngine } from '../../src/core/engine/unusableEngine.ts';
import { DrydockError, failure } from '../../src/core/errors.ts';
import { chainIdsOf } from '../../src/core/oci/chainIds.ts';
import { unattended } from '../../src/core/progress.ts';
import { collect } from './archives/byteStreams.ts';
import { legacyEngine } from './archives/producers.ts';
import { sampleImage, sampleLayer, type SampleImage } from './archives/sampleImages.ts';
import { emptyRunConfig } from './emptyRunConfig.ts';
import { imagesInPartialTar } from './partialTar.ts';

interface Answers {
  readonly info: EngineInfo;
  readonly list: readonly ImageSummary[];
  readonly inspect: ImageDetails;
  readonly save: Readable;
  readonly load: LoadOutcome;
  readonly tag: null;
  readonly remove: readonly Removal[];
  readonly importRootfs: Digest;
  readonly inspectContainer: ContainerDetails;
  readonly exportRootfs: Readable;
  readonly commit: Digest;
}
export type CallName = keyof Answers;

/** What is told instead of the truth, which is only done when it is asked for. */
export type Lie<K extends CallName> = (
  truth: () => Promise<Answers[K]>,
  args: readonly unknown[],
) => Promise<Answers[K]>;

interface Held {
  readonly image: SampleImage;
  readonly tags: Set<string>;
}

/** The container that a LyingEngine has; it was made from the first image. */
export const containerId = 'c0ffee';

export class LyingEngine implements Engine {
  readonly endpoint = 'unix:///lying.sock';
  readonly calls: { readonly name: CallName; readonly args: readonly unknown[] }[] = [];
  readonly lies: { [K in CallName]?: Lie<K> } = {};
  readonly images: Engine['images'];
  readonly containers: Engine['containers'];
  readonly volumes: Engine['volumes'];
  readonly networks: Engine['networks'];
  readonly events: Engine['events'];
  /** Every tar that came. */
  readonly loaded: Buffer[] = [];
  /** Which images a load takes in; an engine that drops one says nothing of it. */
  keepsLoaded: (image: SampleImage, index: number) => boolean = () => true;
  #held = new Map<Digest, Held>();
  #made = 0;

  constructor(images: readonly SampleImage[] = []) {
    for (const image of images) this.hold(image);
    const rest = unusableEngine(this.endpoint, failure('engineUnreachable', { endpoint: this.endpoint }));
    this.volumes = rest.volumes;
    this.networks = rest.networks;
    this.events = (signal) => rest.events(signal);
    this.images = {
      history: rest.images.history.bind(rest.images),
      list: (options) => this.#answer('list', [], () => this.#list(), options),
      inspect: (ref, options) => this.#answer('inspect', [ref], () => this.#details(ref), options),
      save: (refs, options) => this.#answer('save', [refs], () => this.#save(refs), options),
      load: (tar) => this.#answer('load', [], () => this.#load(tar)),
      tag: async (ref, name, options) => {
        await this.#answer('tag', [ref, name], () => this.#tag(ref, name), options);
      },
      remove: (ref, options) =>
        this.#answer('remove', [ref], () => this.#remove(ref, options?.force === true), options),
      checkLogIn: rest.images.checkLogIn.bind(rest.images),
      push: rest.images.push.bind(rest.images),
      importRootfs: (tar, { name }) => this.#answer('importRootfs', [], () => this.#import(tar, name)),
    };
    this.containers = {
      ...rest.containers,
      inspect: (ref, options) => this.#answer('inspectContainer', [ref], () => this.#container(), options),
      exportRootfs: (ref, options) =>
        this.#answer('exportRootfs', [ref], () => Readable.from([sampleLayer(7)]), options),
      commit: (ref, input, options) =>
        this.#answer('commit', [ref, input], () => this.#commit(input), options),
    };
  }

  info(options?: CallOptions): Promise<EngineInfo> {
    const answer: EngineInfo = {
      id: 'LIAR',
      hostName: 'dock',
      product: 'docker',
      version: '20.10.24',
      apiVersion: '1.41',
      imageStore: 'graphdriver',
      storageDriver: 'overlay2',
      platform: { os: 'linux', architecture: 'amd64' },
    };
    return this.#answer('info', [], () => answer, options);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Puts an image there with its names, which others lose. */
  hold(image: SampleImage): void {
    const held = this.#held.get(image.configDigest) ?? { image, tags: new Set<string>() };
    this.#held.set(image.configDigest, held);
    for (const tag of image.tags) this.#name(held, tag);
  }

  /** Whose each name is, and which images have none: what must be as it was after a failure. */
  state(): Readonly<Record<string, string>> {
    const lines = [...this.#held].flatMap(([id, { tags }]): (readonly [string, string])[] =>
      tags.size > 0 ? [...tags].map((tag) => [tag, id] as const) : [[id, 'no name']],
    );
    return Object.fromEntries(lines.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async #answer<K extends CallName>(
    name: K,
    args: readonly unknown[],
    work: () => Answers[K] | Promise<Answers[K]>,
    options?: CallOptions,
  ): Promise<Answers[K]> {
    this.calls.push({ name, args });
    options?.signal?.throwIfAborted();
    const truth = async (): Promise<Answers[K]> => work();
    const lie: Lie<K> | undefined = this.lies[name];
    return lie === undefined ? truth() : lie(truth, args);
  }

  #list(): readonly ImageSummary[] {
    return [...this.#held.values()].map(summaryOf);
  }

  #find(ref: string): Held {
    const found = [...this.#held].find(([id, { tags }]) => id === ref || tags.has(ref))?.[1];
    if (found === undefined) throw failure('engineNotFound', { kind: 'image', name: ref });
    return found;
  }

  #details(ref: string): ImageDetails {
    const held = this.#find(ref);
    const { platform, diffIds } = held.image;
    return { ...summaryOf(held), platform, diffIds, config: emptyRunConfig, raw: {} };
  }

  #save(refs: readonly string[]): Readable {
    const images = refs.map((ref) => ({ ...this.#find(ref).image, tags: [] }));
    const tar = legacyEngine(images);
    return Readable.from([tar.subarray(0, 700), tar.subarray(700)]);
  }

  /** As Docker does: what came whole is loaded, whether anyone still listens or not. */
  async #load(tar: AsyncIterable<Uint8Array>): Promise<LoadOutcome> {
    const bytes = await collect(tar);
    this.loaded.push(bytes);
    const images = await this.#imagesIn(bytes);
    const kept = images.filter((image, index) => this.keepsLoaded(image, index));
    for (const image of kept) this.hold(image);
    return {
      names: images.flatMap(({ tags }) => tags),
      ids: images.filter(({ tags }) => tags.length === 0).map(({ configDigest }) => configDigest),
      remarks: [],
    };
  }

  async #imagesIn(bytes: Buffer): Promise<readonly SampleImage[]> {
    try {
      const source = { name: 'load', open: () => Readable.from([bytes]) };
      const { images } = await readArchive(source, unattended());
      return images.map(({ configBytes, configDigest, layers, tags, platform }) => ({
        config: Buffer.from(configBytes),
        configDigest,
        layers: layers.map(() => sampleLayer(0)),
        diffIds: layers.map(({ diffId }) => diffId),
        tags,
        platform,
      }));
    } catch (error) {
      if (!(error instanceof DrydockError) || error.code !== 'archiveMissing') throw error;
      const chains = new Set([...this.#held.values()].flatMap(({ image }) => chainIdsOf(image.diffIds)));
      return imagesInPartialTar(bytes, (chain) => chains.has(chain));
    }
  }

  #name(held: Held, name: string): void {
    for (const { tags } of this.#held.values()) tags.delete(name);
    held.tags.add(name);
  }

  #tag(ref: string, name: string): null {
    this.#name(this.#find(ref), name);
    return null;
  }

  #remove(ref: string, force: boolean): readonly Removal[] {
    const held = this.#find(ref);
    const { configDigest } = held.image;
    if (held.tags.delete(ref)) {
      if (held.tags.size === 0) this.#held.delete(configDigest);
      return [{ kind: 'untagged', ref }];
    }
    if (held.tags.size > 1 && !force)
      throw failure('engineConflict', { name: ref, reason: 'it has several names' });
    this.#held.delete(configDigest);
    return [{ kind: 'deleted', ref }];
  }

  async #import(tar: AsyncIterable<Uint8Array>, name?: string): Promise<Digest> {
    const id = this.#make([await collect(tar)]);
    if (name !== undefined) this.#tag(id, name);
    return id;
  }

  #container(): ContainerDetails {
    const [imageId = digestOf('none')] = this.#held.keys();
    const image = 'app:1';
    return {
      id: containerId,
      name: 'web',
      image,
      imageId,
      state: 'exited',
      health: 'none',
      mounts: [],
      config: emptyRunConfig,
      raw: {},
    };
  }

  #commit({ name }: CommitInput): Digest {
    const below = this.#find(this.#container().imageId).image.layers;
    const id = this.#make([...below, sampleLayer(99)]);
    if (name !== undefined) this.#tag(id, name);
    return id;
  }

  /** No two made images are the same, as their times differ. */
  #make(layers: readonly Buffer[]): Digest {
    this.#made += 1;
    const image = sampleImage(layers, [], `made-${this.#made}`);
    this.hold(image);
    return image.configDigest;
  }
}

function summaryOf({ image, tags }: Held): ImageSummary {
  const sizeBytes = image.layers.reduce((sum, { length }) => sum + length, 0);
  return { id: image.configDigest, tags: [...tags], repoDigests: [], createdAtMs: 0, sizeBytes, labels: {} };
}
