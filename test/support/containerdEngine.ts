/**
 * An engine in memory with the manners of Docker's containerd store, where they differ from a classic one: images are
 * manifests, an image's ID is the manifest's digest, and a load takes in an image of which blobs are missing. Of that
 * it says so after it has said that the image is loaded, and leaves it there; or nothing at all, where the layers have
 * been unpacked before (`isUnpacked`).
 */
import { readTar } from '../../src/core/archive/tarReader.ts';
import { digestOf, parseDigest, type Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import type { EngineInfo, ImageDetails, LoadOutcome } from '../../src/core/engine/records.ts';
import { unusableEngine } from '../../src/core/engine/unusableEngine.ts';
import { failure } from '../../src/core/errors.ts';
import { familiarName, parseImageName } from '../../src/core/oci/imageName.ts';
import { diffIdsOf } from '../../src/core/oci/diffIds.ts';
import { parseImageConfig, parseImageIndex, parseManifest } from '../../src/core/oci/manifest.ts';
import { collect } from './archives/byteStreams.ts';

export const containerdInfo: EngineInfo = {
  id: 'STORE',
  hostName: 'dock',
  product: 'docker',
  version: '28.5.2',
  apiVersion: '1.51',
  imageStore: 'containerd',
  storageDriver: 'overlayfs',
  platform: { os: 'linux', architecture: 'amd64' },
};

export class ContainerdEngine {
  readonly engine: Engine;
  /** Paths in each tar that came. */
  readonly loaded: (readonly string[])[] = [];
  readonly #blobs = new Map<Digest, Buffer>();
  /** Name ⇒ manifest; an image without a name stands under its digest. */
  readonly #names = new Map<string, Digest>();
  /** What happens on the engine right before a load. */
  beforeLoad: () => void = () => undefined;
  isUnpacked = false;
  tellsManifests = true;

  constructor() {
    const rest = unusableEngine('unix:///store.sock', failure('engineUnreachable', { endpoint: 'store' }));
    this.engine = {
      ...rest,
      info: () => Promise.resolve(containerdInfo),
      images: {
        ...rest.images,
        list: () =>
          Promise.resolve([...new Set(this.#names.values())].map((id) => this.#details(id))).then(listed),
        inspect: (ref, options) =>
          Promise.resolve().then(() => this.#details(this.#find(ref), options?.withManifests === true)),
        load: async (tar) => this.#load(await collect(tar)),
        tag: (ref, name) =>
          Promise.resolve().then(() => {
            const id = this.#find(ref);
            this.#names.set(name, id);
            this.#names.delete(id);
          }),
        remove: (ref) =>
          Promise.resolve().then(() => {
            this.remove(ref);
            return [];
          }),
      },
    };
  }

  /** Takes an image away, by name or by ID, and what only it needs. */
  remove(ref: string): void {
    const id = this.#find(ref);
    const names = this.#names.has(ref) ? [ref] : this.namesOf(id);
    for (const name of names) this.#names.delete(name);
    const needed = new Set([...this.#names.values()].flatMap((one) => [one, ...this.#childrenOf(one)]));
    for (const digest of this.#blobs.keys()) if (!needed.has(digest)) this.#blobs.delete(digest);
  }

  /** Loses a blob, as a store whose content was removed behind its back: its images are listed as before. */
  lose(digest: Digest): void {
    this.#blobs.delete(digest);
  }

  namesOf(id: Digest): readonly string[] {
    return [...this.#names].flatMap(([name, one]) => (one === id ? [name] : []));
  }

  /** Names and what they stand for, and whether all of it is there. */
  state(): Readonly<Record<string, string>> {
    const lines = [...this.#names].map(([name, id]) => [
      name,
      `${id} ${this.#isWhole(id) ? 'whole' : 'broken'}`,
    ]);
    return Object.fromEntries(lines) as Readonly<Record<string, string>>;
  }

  async #load(bytes: Buffer): Promise<LoadOutcome> {
    this.beforeLoad();
    const files = new Map<string, Buffer>();
    const source = (async function* () {
      yield await Promise.resolve(bytes);
    })();
    for await (const { entry, data } of readTar(source, 'load')) files.set(entry.path, await collect(data));
    this.loaded.push([...files.keys()]);
    for (const [path, file] of files)
      if (path.startsWith('blobs/sha256/')) this.#blobs.set(digestOf(file), file);
    const said: string[] = [];
    const broken: string[] = [];
    const { manifests } = parseImageIndex(files.get('index.json') ?? Buffer.alloc(0), 'index.json');
    for (const { digest, annotations } of manifests ?? []) {
      const full = annotations?.['io.containerd.image.name'];
      const name = full === undefined ? digest : familiarName(parseImageName(full));
      this.#names.set(name, digest);
      said.push(name);
      if (!this.#isWhole(digest) && !this.isUnpacked) broken.push(name);
    }
    // As the adapter makes it of the engine's words (`docker/loadAnswer.ts`).
    if (broken.length > 0)
      throw failure('loadFailed', {
        reason: `Error unpacking image ${broken.join()}: content digest: not found`,
      });
    return { names: said, ids: [], remarks: [] };
  }

  #childrenOf(manifest: Digest): readonly Digest[] {
    const bytes = this.#blobs.get(manifest);
    if (bytes === undefined) return [];
    const { config, layers } = parseManifest(bytes, manifest);
    return [config, ...(layers ?? [])].map(({ digest }) => digest);
  }

  #bytesOf(manifest: Digest): number {
    const blobs = new Set([manifest, ...this.#childrenOf(manifest)]);
    return [...blobs].reduce((sum, digest) => sum + (this.#blobs.get(digest)?.length ?? 0), 0);
  }

  #isWhole(manifest: Digest): boolean {
    return this.#blobs.has(manifest) && this.#childrenOf(manifest).every((digest) => this.#blobs.has(digest));
  }

  #find(ref: string): Digest {
    const found = this.#names.get(ref) ?? [...this.#names.values()].find((id) => id === ref);
    if (found === undefined) throw failure('engineNotFound', { kind: 'image', name: ref });
    return found;
  }

  #details(id: Digest, withManifests = false): ImageDetails {
    const bytes = this.#blobs.get(id);
    const config = bytes && this.#blobs.get(parseManifest(bytes, id).config.digest);
    const tags = this.namesOf(id).filter((name) => name !== id);
    return {
      id,
      tags,
      repoDigests: [],
      sizeBytes: 0,
      platform: containerdInfo.platform,
      diffIds: config === undefined ? [] : diffIdsOf(parseImageConfig(config, id)),
      config: {
        env: [],
        command: [],
        entrypoint: [],
        workingDir: '',
        user: '',
        labels: {},
        exposedPorts: [],
        volumes: [],
      },
      ...(withManifests &&
        this.tellsManifests && {
          presentManifests: this.#isWhole(id) ? [id] : [],
          presentBytes: new Map(this.#isWhole(id) ? [[id, this.#bytesOf(id)]] : []),
        }),
      raw: {},
    };
  }
}

function listed(images: readonly ImageDetails[]): Awaited<ReturnType<Engine['images']['list']>> {
  return images.map(({ id, tags }) => ({
    id: parseDigest(id, 'list'),
    tags,
    repoDigests: [],
    createdAtMs: 0,
    sizeBytes: 0,
    labels: {},
  }));
}
