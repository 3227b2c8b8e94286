import { failure } from '../errors.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { wantedEntries } from '../vault/layerIndex.ts';
import { exactPath, meaningOf, partsOf, type Meaning } from './entryNames.ts';
import { mergeUnderPaced } from './mergeUnderPaced.ts';
import {
  childrenOf,
  fileAt,
  fileOf,
  isSettled,
  placeFile,
  TreeGrower,
  type TreeFile,
  type TreeLayer,
  type TreeNode,
} from './treeNode.ts';

/** Tars that are unpacked one after another as if they were one: a layer of an image, or all parts of a volume. */
export interface Stratum {
  readonly layers: readonly TreeLayer[];
  /** What every path starts with and what is not part of the tree: a volume's root folder. */
  readonly root: string;
  /** Whether `.wh.` names take away what is below; in a volume they are names like others. */
  readonly hasWhiteouts: boolean;
}

/** Which part of a tree is needed. */
export type Scope =
  | { readonly kind: 'all' }
  /** One name and the folders on the way to it. */
  | { readonly kind: 'name'; readonly parts: readonly string[] }
  /** That, and all that is in it. */
  | { readonly kind: 'below'; readonly parts: readonly string[] }
  /** Many names. The folders on the way to each are in `paths` too, and what is no UTF-8 also with U+FFFD. */
  | { readonly kind: 'names'; readonly paths: ReadonlySet<string> };

export interface TreeInput {
  /** Bottom first. */
  readonly strata: readonly Stratum[];
  readonly scope: Scope;
  /** What failures call the tree. */
  readonly name: string;
  /** How many names at most; a million take 300 MB. */
  readonly maxNodes?: number;
}

export const defaultMaxNodes = 1_500_000;
/** As deep as a path of 4096 bytes, Linux' longest, can lead. */
export const maxDepth = 2048;
/** Far more than links to links to links that any tool writes. */
const maxLinkSteps = 16;

/**
 * The files of layers laid over one another: whiteouts and opaque folders take away what is below, of several entries
 * of one name in a tar the last one counts, hard links stand for the file they name. Read from the layers' indexes
 * alone, top first, and no further than `scope` needs. An entry whose path leads out of the root is left out.
 *
 * A layer that puts a file below a link of a lower layer has a folder of its own there, as on overlay2 and containerd.
 * Rejects with `treeTooLarge`, `blobMissing`, `blobDamaged`, `badJson`.
 */
export async function loadTree(
  store: BlobReader,
  { strata, scope, name, maxNodes = defaultMaxNodes }: TreeInput,
  cancel: CancelOptions = {},
): Promise<TreeNode> {
  const grower = new TreeGrower(maxNodes, () => failure('treeTooLarge', { name, limit: maxNodes }));
  const root: TreeNode = { children: new Map(), hidesLower: false };
  for (const stratum of strata.toReversed()) {
    await mergeUnderPaced(root, await loadStratum(store, stratum, { scope, grower }, cancel), cancel.signal);
    if (scope.kind === 'name' && isSettled(root, scope.parts)) break;
  }
  return root;
}

interface PendingLink {
  readonly node: TreeNode;
  readonly file: TreeFile;
  /** Where it stands among all entries of its stratum; what it names stands before it. */
  readonly order: number;
}

/** What one stratum alone says, whiteouts included. */
export async function loadStratum(
  store: BlobReader,
  stratum: Stratum,
  { scope, grower }: { readonly scope: Scope; readonly grower: TreeGrower },
  cancel: CancelOptions,
): Promise<TreeNode> {
  const root: TreeNode = { children: new Map(), hidesLower: false };
  const links: PendingLink[] = [];
  const isInScope = ({ parts }: Meaning): boolean => {
    if (isWithin(scope, parts)) return true;
    // Whatever lies in a folder makes it one in this layer, also where no entry names it.
    const shared = sharedParts(scope, parts);
    if (shared.length > 0) childrenOf(grower.at(root, shared));
    return false;
  };
  for await (const { meaning, entry, layer, order } of entriesOf(store, stratum, isInScope, cancel)) {
    const node = grower.at(root, meaning.parts);
    switch (meaning.kind) {
      case 'whiteout':
        node.hidesLower = true;
        break;
      case 'opaque':
        childrenOf(node);
        node.hidesLower = true;
        break;
      case 'entry': {
        const file = fileOf(entry, layer);
        const target = file.type === 'hardlink' ? linkedIn(root, stratum, entry) : file;
        placeFile(node, target ?? file);
        if (target === undefined) links.push({ node, file, order });
      }
    }
  }
  await resolveLinks(store, stratum, links, cancel);
  return root;
}

/** The file that a hard link names, where it is in the part of the tree that is loaded. */
function linkedIn(root: TreeNode, stratum: Stratum, { link = '' }: LayerEntry): TreeFile | undefined {
  const parts = partsIn(stratum, link);
  const file = parts && fileAt(root, parts);
  return file?.type === 'hardlink' ? undefined : file;
}

/** What hard links name outside of the part that is loaded, or in names that are no UTF-8. */
async function resolveLinks(
  store: BlobReader,
  stratum: Stratum,
  links: readonly PendingLink[],
  cancel: CancelOptions,
): Promise<void> {
  let open = links;
  for (let step = 0; step < maxLinkSteps && open.length > 0; step++) {
    const byTarget = new Map<string, PendingLink[]>();
    for (const link of open) {
      const target = partsIn(stratum, link.file.link ?? '')?.join('/');
      if (target === undefined) continue;
      byTarget.set(target, [...(byTarget.get(target) ?? []), link]);
    }
    const isTarget = ({ kind, parts }: Meaning): boolean => kind === 'entry' && byTarget.has(parts.join('/'));
    const found = new Map<PendingLink, { readonly file: TreeFile; readonly order: number }>();
    for await (const { seenParts, entry, layer, order } of entriesOf(store, stratum, isTarget, cancel))
      for (const link of byTarget.get(seenParts.join('/')) ?? [])
        if (order < link.order && entry.type !== 'directory')
          found.set(link, { file: fileOf(entry, layer), order });
    open = [...found].flatMap(([{ node, file: from }, { file, order }]) => {
      if (node.file === from) node.file = file;
      return file.type === 'hardlink' ? [{ node, file, order }] : [];
    });
  }
}

interface FoundEntry {
  readonly meaning: Meaning;
  /** Its parts as its line has them: with U+FFFD where they are no UTF-8. */
  readonly seenParts: readonly string[];
  readonly entry: LayerEntry;
  readonly layer: TreeLayer;
  readonly order: number;
}

async function* entriesOf(
  store: BlobReader,
  stratum: Stratum,
  isWanted: (meaning: Meaning) => boolean,
  cancel: CancelOptions,
): AsyncGenerator<FoundEntry, void, undefined> {
  let before = 0;
  for (const layer of stratum.layers) {
    const wants = (path: string): boolean => {
      const meaning = meaningIn(stratum, path);
      return meaning !== undefined && isWanted(meaning);
    };
    for await (const { entry, place } of wantedEntries(store, layer.index, wants, cancel)) {
      const meaning = meaningIn(stratum, exactPath(entry));
      if (meaning === undefined || meaning.parts.length > maxDepth) continue;
      const seenParts = entry.rawPath === undefined ? meaning.parts : (partsIn(stratum, entry.path) ?? []);
      yield { meaning, seenParts, entry, layer, order: before + place };
    }
    before += layer.index.entryCount;
  }
}

function meaningIn(stratum: Stratum, path: string): Meaning | undefined {
  const parts = partsIn(stratum, path);
  if (parts === undefined) return undefined;
  return stratum.hasWhiteouts ? meaningOf(parts) : { kind: 'entry', parts };
}

/** The parts of a path below the root of its stratum. */
export function partsIn({ root }: Pick<Stratum, 'root'>, path: string): readonly string[] | undefined {
  const parts = partsOf(path);
  const above = root === '' ? [] : (partsOf(root) ?? []);
  if (above.length === 0 || parts === undefined) return parts;
  return above.every((part, at) => parts[at] === part) ? parts.slice(above.length) : undefined;
}

function isWithin(scope: Scope, parts: readonly string[]): boolean {
  if (scope.kind === 'all') return true;
  if (scope.kind === 'names') return scope.paths.has(parts.join('/'));
  if (parts.length > scope.parts.length && scope.kind === 'name') return false;
  // Names are compared as lines have them, where what is no UTF-8 is U+FFFD.
  return parts.every((part, at) => {
    const wanted = scope.parts[at];
    return wanted === undefined || wanted === part || part.includes('\ufffd');
  });
}

/** The folders on the way to `scope` that a path is in. */
function sharedParts(scope: Scope, parts: readonly string[]): readonly string[] {
  if (scope.kind === 'all') return [];
  if (scope.kind === 'names') {
    let length = parts.length - 1;
    while (length > 0 && !scope.paths.has(parts.slice(0, length).join('/'))) length -= 1;
    return parts.slice(0, length);
  }
  const end = scope.parts.findIndex((part, at) => part !== parts[at]);
  return end < 0 ? scope.parts : scope.parts.slice(0, end);
}
