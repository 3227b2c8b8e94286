import type { DiffReport } from '../core/diff/diffReport.ts';
import type { Engine } from '../core/engine/engine.ts';
import type { FileTree } from '../core/fileTrees/fileTree.ts';
import type { TreeToOpen } from '../core/fileTrees/treeToOpen.ts';
import type { Operation } from '../core/progress.ts';
import type { OpenedSnapshot } from '../vaults/openedSnapshots.ts';
import type { DiffKey, DiffSide } from './diffSide.ts';
import type { OpenedImages } from './openedImages.ts';

/** A comparison that was made: both trees stay at hand, for their files and to be compared again. */
export interface Compared {
  readonly key: DiffKey;
  readonly left: FileTree;
  readonly right: FileTree;
  readonly report: DiffReport;
}

export interface ComparingDeps {
  readonly engine: () => Engine;
  readonly inside: Pick<OpenedImages, 'open' | 'peek' | 'merged'>;
  readonly openSnapshot: (vaultPath: string, id: string) => Promise<OpenedSnapshot>;
  /** Runs `work` with a progress notification; undefined after a cancel, or a failure that was shown. */
  readonly run: <T>(
    title: string,
    work: (operation: Operation) => Promise<T>,
    stop?: AbortSignal,
  ) => Promise<T | undefined>;
  /** Which of several file systems is meant; undefined when the person backs out. */
  readonly chooseRoot: (names: readonly string[], title: string) => Promise<string | undefined>;
  readonly words: {
    readonly reading: (name: string) => string;
    readonly comparing: (left: string, right: string) => string;
  };
}

interface OpenedSide {
  readonly side: DiffSide;
  readonly tree: FileTree;
}

/** Opens both sides and compares them. The code that reads and compares loads with the first comparison. */
export class Comparing {
  readonly #deps: ComparingDeps;

  constructor(deps: ComparingDeps) {
    this.#deps = deps;
  }

  /**
   * Undefined after a cancel, and after a failure, which was shown. `stop` ends what nobody waits for any more; an image
   * that is being read for all who want to look into it comes to its end.
   */
  async compare(key: DiffKey, stop?: AbortSignal): Promise<Compared | undefined> {
    const left = await this.#open(key.left, stop);
    if (left === undefined || stop?.aborted === true) return undefined;
    const right = await this.#open(key.right, stop);
    if (right === undefined) return undefined;
    const settled = { ...key, left: left.side, right: right.side };
    return this.#report(settled, [left.tree, right.tree], stop);
  }

  /** The same two sides, the other way round or by another strictness; nothing is read again. */
  again(
    { left, right, key }: Compared,
    change: Pick<DiffKey, 'strictness'>,
    stop?: AbortSignal,
  ): Promise<Compared | undefined> {
    return this.#report({ ...key, ...change }, [left, right], stop);
  }

  swapped({ left, right, key }: Compared, stop?: AbortSignal): Promise<Compared | undefined> {
    return this.#report({ ...key, left: key.right, right: key.left }, [right, left], stop);
  }

  #report(
    key: DiffKey,
    [left, right]: readonly [FileTree, FileTree],
    stop: AbortSignal | undefined,
  ): Promise<Compared | undefined> {
    const { run, words } = this.#deps;
    const work = async (operation: Operation): Promise<Compared> => {
      const { makeDiffReport } = await import('../core/diff/makeDiffReport.ts');
      const report = await makeDiffReport({ left, right, strictness: key.strictness }, operation);
      return { key, left, right, report };
    };
    return run(words.comparing(left.name, right.name), work, stop);
  }

  async #open(side: DiffSide, stop: AbortSignal | undefined): Promise<OpenedSide | undefined> {
    const { engine, inside, words } = this.#deps;
    const run: ComparingDeps['run'] = (title, work) => this.#deps.run(title, work, stop);
    const title = words.reading(side.title);
    const whole = async (
      work: (operation: Operation) => Promise<FileTree>,
    ): Promise<OpenedSide | undefined> => {
      const tree = await run(title, work);
      return tree && { side, tree };
    };
    switch (side.kind) {
      case 'image': {
        const image = await inside.open(side.id, side.title);
        return (
          image &&
          whole(async ({ signal }) => {
            const { imageTree } = await import('../core/fileTrees/imageTree.ts');
            const tree = (await inside.merged(side.id)) ?? (await imageTree(image, signal));
            return { ...tree, name: side.title };
          })
        );
      }
      case 'layer': {
        const image = await inside.open(side.imageId, side.title);
        return (
          image &&
          whole(async ({ signal }) => {
            const { layerRangeTree } = await import('../core/fileTrees/layerRangeTree.ts');
            const range = { from: side.place, to: side.upTo ?? side.place };
            return { ...(await layerRangeTree(image, range, signal)), name: side.title };
          })
        );
      }
      case 'container':
        return whole(async (operation) => {
          const { containerTree } = await import('../core/fileTrees/containerTree.ts');
          const { imageId } = await engine().containers.inspect(side.id, operation);
          const image = (await inside.merged(imageId))?.image;
          return containerTree(
            { engine: engine() },
            { container: side.id, ...(image && { image }) },
            operation,
          );
        });
      case 'volume':
        return whole(async (operation) => {
          const [{ volumeTree }, { ownedHelpers }, { currentProcess }] = await Promise.all([
            import('../core/fileTrees/volumeTree.ts'),
            import('../core/volumes/ownedHelpers.ts'),
            import('../core/vault/processIdentity.ts'),
          ]);
          const helpers = ownedHelpers({ engine: engine(), owner: await currentProcess() });
          return volumeTree(helpers, { volume: side.name }, operation);
        });
      case 'snapshot':
        return this.#openAmong(side, run, async ({ signal }) => {
          const { snapshotTrees } = await import('../core/fileTrees/snapshotTrees.ts');
          const { vault, contents } = await this.#deps.openSnapshot(side.vaultPath, side.id);
          return snapshotTrees(vault.blobs, contents, { signal });
        });
      case 'archive':
        return this.#openAmong(side, run, async (operation) => {
          const [{ openArchiveSource }, { archiveImages }, { imageTrees }] = await Promise.all([
            import('../core/archive/openArchiveSource.ts'),
            import('../core/fileTrees/archiveImages.ts'),
            import('../core/fileTrees/treeToOpen.ts'),
          ]);
          const { images } = await archiveImages(await openArchiveSource(side.path), operation);
          return imageTrees(images);
        });
    }
  }

  /** One tree of several: the one that was named, the only one, or the one that a person chooses. */
  async #openAmong(
    side: Extract<DiffSide, { readonly root?: string }>,
    run: ComparingDeps['run'],
    list: (operation: Operation) => Promise<readonly TreeToOpen[]>,
  ): Promise<OpenedSide | undefined> {
    const { words, chooseRoot } = this.#deps;
    const title = words.reading(side.title);
    const trees = await run(title, list);
    if (trees === undefined) return undefined;
    const named = side.root ?? (trees.length === 1 ? trees[0]?.name : undefined);
    const root =
      named ??
      (await chooseRoot(
        trees.map(({ name }) => name),
        side.title,
      ));
    if (root === undefined) return undefined;
    const tree = await run(title, async ({ signal }) => {
      const { failure } = await import('../core/errors.ts');
      const found = trees.find(({ name }) => name === root);
      if (found === undefined)
        throw failure('rootMissing', {
          name: side.title,
          root,
          known: trees.map(({ name }) => name).join(', ') || '-',
        });
      return found.open(signal);
    });
    return tree && { side: { ...side, root }, tree: { ...tree, name: `${side.title}: ${tree.name}` } };
  }
}
