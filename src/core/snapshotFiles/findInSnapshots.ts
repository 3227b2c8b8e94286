import type { Digest } from '../digest.ts';
import { failure, isCancellation } from '../errors.ts';
import { pathBytes } from '../layers/entryNames.ts';
import { loadStratum, partsIn, type Scope, type Stratum } from '../layers/loadTree.ts';
import { meaningOf, exactPath } from '../layers/entryNames.ts';
import { mergeUnderPaced } from '../layers/mergeUnderPaced.ts';
import { copyOf, isThere, TreeGrower, type TreeLayer, type TreeNode } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { openSnapshot } from '../snapshot/snapshots.ts';
import { wantedEntries } from '../vault/layerIndex.ts';
import type { Vault } from '../vault/layout.ts';
import { globPattern, type GlobPattern } from './globPattern.ts';
import { entryOf, RootFiles, type FileEntry } from './rootFiles.ts';
import { snapshotRoots, type SnapshotRoot } from './snapshotRoots.ts';

/** A file that a pattern means, in one snapshot. */
export interface FoundFile {
  readonly snapshot: Snapshot;
  readonly root: SnapshotRoot;
  readonly entry: FileEntry;
}

export interface FindResult {
  readonly found: readonly FoundFile[];
  /** Snapshots that could not be searched to their end. */
  readonly failed: readonly { readonly snapshot: Snapshot; readonly error: unknown }[];
}

const mostFound = 200_000;

/**
 * Every file that a pattern means ({@link globPattern}), in the order of the snapshots. However many snapshots share
 * a layer, its index is read once for the names in it, and once more for what hides them. Folders that no entry names
 * are not found. Rejects with `badPattern`, `findTooMany`; what is wrong with one snapshot is told in `failed`.
 */
export async function findInSnapshots(
  { vault }: { readonly vault: Pick<Vault, 'blobs'> & Vault },
  { snapshots, pattern }: { readonly snapshots: readonly Snapshot[]; readonly pattern: string },
  operation: Operation,
): Promise<FindResult> {
  const search = new Search(vault, globPattern(pattern), pattern, operation);
  const failed = new Map<Snapshot, unknown>();
  const opened: { readonly snapshot: Snapshot; readonly roots: readonly SnapshotRoot[] }[] = [];
  const attempt = async (snapshot: Snapshot, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      operation.signal.throwIfAborted();
      if (isCancellation(error) || isLimit(error)) throw error;
      failed.set(snapshot, error);
    }
  };
  for (const snapshot of snapshots)
    await attempt(snapshot, async () => {
      operation.progress.report({ phase: 'reading', item: snapshot.refName });
      const contents = await openSnapshot(vault, snapshot, { signal: operation.signal });
      const roots = snapshotRoots(contents);
      for (const root of roots) await search.collect(root);
      opened.push({ snapshot, roots });
    });
  const found: FoundFile[] = [];
  for (const { snapshot, roots } of opened)
    await attempt(snapshot, async () => {
      for (const root of roots)
        for (const entry of await search.visible(root)) found.push({ snapshot, root, entry });
      if (found.length > mostFound) throw tooMany(pattern);
    });
  return { found, failed: [...failed].map(([snapshot, error]) => ({ snapshot, error })) };
}

function tooMany(pattern: string): Error {
  return failure('findTooMany', { pattern, limit: mostFound });
}

function isLimit(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'findTooMany';
}

/** One search: what each layer has of the names, kept by layer. */
class Search {
  readonly #vault: Vault;
  readonly #pattern: GlobPattern;
  readonly #text: string;
  readonly #operation: Operation;
  /** Paths of all layers that the pattern means. */
  readonly #names = new Set<string>();
  readonly #collected = new Set<string>();
  readonly #trees = new Map<string, Promise<TreeNode>>();
  #scope: Scope | undefined;

  constructor(vault: Vault, pattern: GlobPattern, text: string, operation: Operation) {
    this.#vault = vault;
    this.#pattern = pattern;
    this.#text = text;
    this.#operation = operation;
    if (pattern.only !== undefined) this.#names.add(pattern.only);
  }

  /** Adds the names that the layers of a root have. */
  async collect({ strata }: SnapshotRoot): Promise<void> {
    if (this.#pattern.only !== undefined) return;
    for (const { stratum, layer } of eachLayer(strata)) {
      const key = keyOf(stratum, layer);
      if (this.#collected.has(key)) continue;
      const isMeant = (path: string): boolean => {
        const parts = partsIn(stratum, path);
        return parts !== undefined && this.#pattern.matches(parts.join('/'));
      };
      const cancel = { signal: this.#operation.signal };
      for await (const { entry } of wantedEntries(this.#vault.blobs, layer.index, isMeant, cancel)) {
        const parts = partsIn(stratum, exactPath(entry));
        if (parts === undefined || parts.length === 0) continue;
        if (stratum.hasWhiteouts && meaningOf(parts)?.kind !== 'entry') continue;
        this.#names.add(parts.join('/'));
        if (this.#names.size > mostFound) throw tooMany(this.#text);
      }
      this.#collected.add(key);
    }
  }

  /** The names that are there in a root. */
  async visible(root: SnapshotRoot): Promise<readonly FileEntry[]> {
    if (this.#names.size === 0) return [];
    const tree: TreeNode = { children: new Map(), hidesLower: false };
    for (const { stratum, layer } of [...eachLayer(root.strata)].reverse())
      await mergeUnderPaced(tree, copyOf(await this.#treeOf(stratum, layer)), this.#operation.signal);
    const found: FileEntry[] = [];
    const files = new RootFiles(this.#vault.blobs, root);
    const visit = async (node: TreeNode, path: string): Promise<void> => {
      if (!isThere(node)) return;
      if (node.file !== undefined && this.#names.has(path)) {
        const entry = entryOf(node, path);
        // Another part of the volume has its data.
        const isOpen = entry.type === 'hardlink';
        const whole = isOpen ? await files.stat(path, { signal: this.#operation.signal }) : entry;
        found.push(whole ?? entry);
      }
      for (const [name, child] of node.children ?? [])
        await visit(child, path === '' ? name : `${path}/${name}`);
    };
    await visit(tree, '');
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #treeOf(stratum: Stratum, layer: TreeLayer): Promise<TreeNode> {
    const key = keyOf(stratum, layer);
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    this.#scope ??= { kind: 'names', paths: withFolders(this.#names) };
    const grower = new TreeGrower(10 * mostFound, () => tooMany(this.#text));
    const tree = loadStratum(
      this.#vault.blobs,
      { ...stratum, layers: [layer] },
      { scope: this.#scope, grower },
      { signal: this.#operation.signal },
    );
    this.#trees.set(key, tree);
    return tree;
  }
}

function* eachLayer(
  strata: readonly Stratum[],
): Generator<{ readonly stratum: Stratum; readonly layer: TreeLayer }, void, undefined> {
  for (const stratum of strata) for (const layer of stratum.layers) yield { stratum, layer };
}

function keyOf({ root, hasWhiteouts }: Stratum, { index }: TreeLayer): string {
  const digest: Digest = index.digest;
  return JSON.stringify([digest, root, hasWhiteouts]);
}

function withFolders(names: ReadonlySet<string>): ReadonlySet<string> {
  const all = new Set<string>();
  for (const name of names)
    for (const text of [name, pathBytes(name).toString('utf8')])
      for (let end = text.length; end > 0; end = text.lastIndexOf('/', end - 1)) all.add(text.slice(0, end));
  return all;
}
