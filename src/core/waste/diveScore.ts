/**
 * The score of dive 0.13, worked out anew from its published algorithm (`filetree/efficiency.go`, `image/analysis.go`),
 * oddities included: people have numbers of it in their pipelines. What is right stands in `analyzeWaste.ts`.
 */
import { Pacer } from '../archive/pacer.ts';
import { exactPath } from '../layers/entryNames.ts';
import { maxDepth } from '../layers/loadTree.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';

export interface DiveScore {
  /** 0 to 1; 1 where nothing has bytes. */
  readonly efficiency: number;
  /** Every copy of each path that more than one layer names. */
  readonly wastedBytes: number;
  /** `wastedBytes` as a share of all layers but the first: NaN or infinite where those have no bytes. */
  readonly userWastedPercent: number;
}

/** A name, in whatever layers. */
interface DiveNode {
  readonly name: string;
  readonly parent: DiveNode | undefined;
  children: Map<string, DiveNode> | undefined;
  /** The last layer that has it, and what that says of it; and the last one in which something is in it. */
  layer: number;
  sizeBytes: number;
  isDirectory: boolean;
  filledIn: number;
  /** Whether it is there with all layers below the current one laid over one another, and as what. */
  isBelow: boolean;
  bytesBelow: number;
  isDirectoryBelow: boolean;
  /** As a path: whether dive has looked at it, how often it was counted, with which sizes. */
  isNoted: boolean;
  count: number;
  allBytes: number;
  leastBytes: number;
}

const whiteoutPrefix = '.wh.';
const ignoredPrefix = '.wh..wh.';

/**
 * 1. Each layer is a tree of the names in its tar; `.wh..wh.` names are left out, so opaque folders do nothing.
 * 2. Of each tree only the leaves count, in the order of their names. A whiteout counts for the path it deletes: with
 *    the bytes of what the layers below have there if that is a folder, with 0 if it is a file. One that deletes
 *    nothing ends the count of its layer, and leaves -1 as the least size of a path that is named nowhere else.
 * 3. The score is the sum of the least sizes of all paths divided by the sum of all their sizes.
 * 4. Waste is the sum of all sizes of the paths that were counted twice or more.
 */
export class DiveScorer {
  readonly #root = nodeIn(undefined, '');
  readonly #noted: DiveNode[] = [];
  /** What the current layer has. */
  #own: DiveNode[] = [];
  #hasWhiteouts = false;
  #layer = 0;
  #userBytes = 0;

  /** The next entry of the current layer. */
  take(entry: LayerEntry): void {
    const parts = cleanParts(exactPath(entry));
    if (parts.length === 0 || parts.length > maxDepth) return;
    const sizeBytes = entry.type === 'hardlink' ? 0 : entry.size;
    if (this.#layer > 0) this.#userBytes += sizeBytes;
    let node = this.#root;
    for (const part of parts) {
      if (part.startsWith(whiteoutPrefix)) {
        if (part.startsWith(ignoredPrefix)) return;
        this.#hasWhiteouts = true;
      }
      node.filledIn = this.#layer;
      node = childOf(node, part);
      if (node.layer === this.#layer) continue;
      this.#own.push(node);
      node.layer = this.#layer;
      node.sizeBytes = 0;
      node.isDirectory = false;
    }
    node.sizeBytes = sizeBytes;
    node.isDirectory = entry.type === 'directory';
  }

  async endLayer(): Promise<void> {
    const pacer = new Pacer();
    // Order matters only where a whiteout may end the count.
    if (this.#hasWhiteouts) this.#own = await inOrder(this.#root, this.#layer, pacer);
    // Of the first layer dive looks into a copy of itself.
    if (this.#layer === 0) for (const node of this.#own) putBelow(node);
    for (const node of this.#own) {
      if (pacer.isDue) await pacer.pause();
      if (node.filledIn !== this.#layer && !(await this.#count(node, pacer))) break;
    }
    await this.#stack(pacer);
    this.#own = [];
    this.#hasWhiteouts = false;
    this.#layer += 1;
  }

  score(): DiveScore {
    let [leastBytes, allBytes, wastedBytes] = [0, 0, 0];
    for (const path of this.#noted) {
      leastBytes += path.leastBytes;
      allBytes += path.allBytes;
      if (path.count >= 2) wastedBytes += path.allBytes;
    }
    return {
      efficiency: allBytes === 0 ? 1 : leastBytes / allBytes,
      wastedBytes,
      userWastedPercent: wastedBytes / this.#userBytes,
    };
  }

  /** False where dive gives up on the layer. */
  async #count(node: DiveNode, pacer: Pacer): Promise<boolean> {
    const path = deletedBy(node) ?? node;
    if (!path.isNoted) this.#noted.push(path);
    path.isNoted = true;
    let { sizeBytes } = node;
    if (path !== node) {
      if (!path.isBelow) return false;
      sizeBytes = 0;
      if (path.isDirectoryBelow) for await (const each of allBelow(path, pacer)) sizeBytes += each.bytesBelow;
    }
    path.count += 1;
    path.allBytes += sizeBytes;
    if (path.leastBytes < 0 || sizeBytes < path.leastBytes) path.leastBytes = sizeBytes;
    return true;
  }

  /**
   * Lays the layer over those below it. dive goes through the names of a folder in their order, so what sorts before
   * its own whiteout is deleted by it again.
   */
  async #stack(pacer: Pacer): Promise<void> {
    if (this.#hasWhiteouts)
      for (const node of this.#own) {
        const deleted = deletedBy(node);
        if (deleted) for await (const each of allBelow(deleted, pacer)) each.isBelow = false;
      }
    for (const node of this.#own) {
      if (pacer.isDue) await pacer.pause();
      if (!node.name.startsWith(whiteoutPrefix) && !this.#isDeletedAgain(node)) putBelow(node);
    }
  }

  #isDeletedAgain(node: DiveNode): boolean {
    if (!this.#hasWhiteouts) return false;
    for (let at: DiveNode | undefined = node; at; at = at.parent) {
      const whiteout = `${whiteoutPrefix}${at.name}`;
      if (at.name < whiteout && at.parent?.children?.get(whiteout)?.layer === this.#layer) return true;
    }
    return false;
  }
}

function nodeIn(parent: DiveNode | undefined, name: string): DiveNode {
  return {
    name,
    parent,
    children: undefined,
    layer: -1,
    sizeBytes: 0,
    isDirectory: false,
    filledIn: -1,
    isBelow: false,
    bytesBelow: 0,
    isDirectoryBelow: false,
    isNoted: false,
    count: 0,
    allBytes: 0,
    leastBytes: -1,
  };
}

function putBelow(node: DiveNode): void {
  node.isBelow = true;
  node.bytesBelow = node.sizeBytes;
  node.isDirectoryBelow = node.isDirectory;
}

function childOf(node: DiveNode, name: string): DiveNode {
  const children = (node.children ??= new Map<string, DiveNode>());
  let child = children.get(name);
  if (child === undefined) {
    child = nodeIn(node, name);
    children.set(name, child);
  }
  return child;
}

/** The path that a whiteout names; undefined for anything else. */
function deletedBy({ name, parent }: DiveNode): DiveNode | undefined {
  if (!name.startsWith(whiteoutPrefix) || parent === undefined) return undefined;
  return childOf(parent, name.slice(whiteoutPrefix.length));
}

/** As Go's `path.Clean` leaves them. */
function cleanParts(path: string): readonly string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    const last = parts.at(-1);
    if (part === '..' && last !== undefined && last !== '..') parts.pop();
    else if (part !== '..' || !path.startsWith('/')) parts.push(part);
  }
  return parts;
}

/** The names of a layer, by the order of their names. */
async function inOrder(root: DiveNode, layer: number, pacer: Pacer): Promise<DiveNode[]> {
  const ordered: DiveNode[] = [];
  const ahead = [root];
  for (let node = ahead.pop(); node; node = ahead.pop()) {
    if (pacer.isDue) await pacer.pause();
    if (node !== root) ordered.push(node);
    if (node.filledIn !== layer) continue;
    const own = [...(node.children?.values() ?? [])].filter((child) => child.layer === layer);
    for (const child of own.sort(byName).reverse()) ahead.push(child);
  }
  return ordered;
}

function byName({ name: one }: DiveNode, { name: other }: DiveNode): number {
  return one < other ? -1 : 1;
}

/** A name and what is in it, as the layers below have it. */
async function* allBelow(first: DiveNode, pacer: Pacer): AsyncGenerator<DiveNode, void, undefined> {
  const ahead = first.isBelow ? [first] : [];
  for (let node = ahead.pop(); node; node = ahead.pop()) {
    if (pacer.isDue) await pacer.pause();
    for (const child of node.children?.values() ?? []) if (child.isBelow) ahead.push(child);
    yield node;
  }
}
