import { deltaBytes, leftBytes, rightBytes, weightBytes, type ChangeRow } from './changeRows.ts';
import { largest } from './largest.ts';
import { sorted, type Turns } from './turns.ts';

/** A name in the tree of changes: a changed file, or a folder on the way to some. */
export interface ChangeNode {
  /** One name; of folders that hold nothing but one other, joined: `usr/share/doc`. */
  label: string;
  /** The whole path, which keeps it open when the tree is made anew. */
  path: string;
  row: ChangeRow | undefined;
  /** Undefined for what has nothing below it. */
  children: Map<string, ChangeNode> | undefined;
  /** Of itself and all below it. */
  count: number;
  leftBytes: number;
  rightBytes: number;
  weight: number;
  /** Bytes that came, and bytes that went. */
  grown: number;
  shrunk: number;
  /** Of the weight, what each kind has; undefined where there is nothing below: {@link weightsOf} tells of both. */
  weights: number[] | undefined;
}

export const sortColumns = ['path', 'left', 'right', 'delta'] as const;
export type SortColumn = (typeof sortColumns)[number];

export interface Sort {
  readonly column: SortColumn;
  readonly isDescending: boolean;
}

/** A line of the list. */
export interface ChangeLine {
  readonly node: ChangeNode;
  /** 1 at the top. */
  readonly level: number;
  /** Its place among those beside it, from 1, and how many they are. */
  readonly position: number;
  readonly siblings: number;
}

const kindCount = 6;

function newNode(label: string, path: string): ChangeNode {
  return {
    label,
    path,
    row: undefined,
    children: undefined,
    count: 0,
    leftBytes: 0,
    rightBytes: 0,
    weight: 0,
    grown: 0,
    shrunk: 0,
    weights: undefined,
  };
}

/** The tree of some changes; its root stands for `/`. */
export async function treeOf(rows: readonly ChangeRow[], turns: Turns): Promise<ChangeNode> {
  const root = newNode('/', '');
  for (const row of rows) {
    addRow(root, row);
    if (turns.isOver) await turns.next();
  }
  await join(root, turns);
  return root;
}

function addRow(root: ChangeNode, row: ChangeRow): void {
  let node = root;
  let end = -1;
  while (end < row.path.length) {
    const start = end + 1;
    end = row.path.indexOf('/', start);
    if (end === -1) end = row.path.length;
    const name = row.path.slice(start, end);
    node.children ??= new Map();
    node.weights ??= weightsOf(node);
    addTo(node, row);
    let child = node.children.get(name);
    if (child === undefined) {
      child = newNode(name, row.path.slice(0, end));
      node.children.set(name, child);
    }
    node = child;
  }
  node.row = row;
  addTo(node, row);
}

function addTo(node: ChangeNode, row: ChangeRow): void {
  const weight = weightBytes(row);
  node.count += 1;
  node.leftBytes += leftBytes(row);
  node.rightBytes += rightBytes(row);
  node.weight += weight;
  const delta = deltaBytes(row);
  node.grown += Math.max(0, delta);
  node.shrunk += Math.max(0, -delta);
  if (node.weights !== undefined) node.weights[row.kind] = (node.weights[row.kind] ?? 0) + weight;
}

/** Of a node's weight, what each kind has. */
export function weightsOf({ weights, row, weight }: ChangeNode): number[] {
  if (weights !== undefined) return weights;
  const own = new Array<number>(kindCount).fill(0);
  if (row !== undefined) own[row.kind] = weight;
  return own;
}

/** Folders that are not changed themselves and hold one folder alone become one with it. */
async function join(root: ChangeNode, turns: Turns): Promise<void> {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const [name, child] of node.children ?? []) {
      let joined = child;
      for (;;) {
        const only: ChangeNode | undefined =
          joined.row === undefined && joined.children?.size === 1
            ? joined.children.values().next().value
            : undefined;
        if (only?.children === undefined) break;
        only.label = `${joined.label}/${only.label}`;
        joined = only;
      }
      if (joined !== child) node.children?.set(name, joined);
      if (joined.children !== undefined) open.push(joined);
    }
    if (turns.isOver) await turns.next();
  }
}

/** The lines that are seen when the folders in `open` are open. */
export async function linesOf(
  root: ChangeNode,
  { open, sort }: { readonly open: ReadonlySet<string>; readonly sort: Sort },
  turns: Turns,
): Promise<readonly ChangeLine[]> {
  const lines: ChangeLine[] = [];
  const compare = nodeComparator(sort);
  interface Step {
    readonly nodes: readonly ChangeNode[];
    at: number;
  }
  const steps: Step[] = [{ nodes: await ordered(root, compare, turns), at: 0 }];
  for (let step = steps.at(-1); step !== undefined; step = steps.at(-1)) {
    const node = step.nodes[step.at];
    if (node === undefined) {
      steps.pop();
      continue;
    }
    step.at += 1;
    lines.push({ node, level: steps.length, position: step.at, siblings: step.nodes.length });
    if (node.children !== undefined && open.has(node.path))
      steps.push({ nodes: await ordered(node, compare, turns), at: 0 });
    if (turns.isOver) await turns.next();
  }
  return lines;
}

/** Folders first where names are the order; by size they stand among the files. */
async function ordered(
  { children }: ChangeNode,
  compare: ((a: ChangeNode, b: ChangeNode) => number) | undefined,
  turns: Turns,
): Promise<readonly ChangeNode[]> {
  const all = [...(children?.values() ?? [])];
  if (compare !== undefined) return sorted(all, compare, turns);
  return [
    ...all.filter((node) => node.children !== undefined),
    ...all.filter((node) => node.children === undefined),
  ];
}

function nodeComparator({
  column,
  isDescending,
}: Sort): ((a: ChangeNode, b: ChangeNode) => number) | undefined {
  if (column === 'path')
    return isDescending ? (a, b) => (a.label < b.label ? 1 : a.label > b.label ? -1 : 0) : undefined;
  const key = (node: ChangeNode): number => {
    switch (column) {
      case 'left':
        return node.leftBytes;
      case 'right':
        return node.rightBytes;
      case 'delta':
        return Math.abs(node.rightBytes - node.leftBytes);
    }
  };
  return isDescending ? (a, b) => key(b) - key(a) : (a, b) => key(a) - key(b);
}

/** Folders to open at first: those with the most bytes, as long as all that is open is no more than `most` lines. */
export function firstOpen(root: ChangeNode, most: number): ReadonlySet<string> {
  const open = new Set<string>();
  const closed = foldersIn(root, most);
  let shown = root.children?.size ?? 0;
  for (;;) {
    const at = closed.findIndex(({ children }) => shown + (children?.size ?? 0) <= most);
    const [node] = at === -1 ? [] : closed.splice(at, 1);
    if (node === undefined) return open;
    open.add(node.path);
    shown += node.children?.size ?? 0;
    closed.push(...foldersIn(node, most));
    closed.sort((a, b) => b.weight - a.weight);
  }
}

function foldersIn({ children }: ChangeNode, most: number): ChangeNode[] {
  const weightOf = (node: ChangeNode): number => (node.children === undefined ? -1 : node.weight);
  const all = largest(children?.values() ?? [], most, weightOf);
  return all.filter((node) => node.children !== undefined);
}

/** All folders. */
export async function allFolders(root: ChangeNode, turns: Turns): Promise<ReadonlySet<string>> {
  const open = new Set<string>();
  const left = [root];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    for (const child of node.children?.values() ?? [])
      if (child.children !== undefined) {
        open.add(child.path);
        left.push(child);
      }
    if (turns.isOver) await turns.next();
  }
  return open;
}

/** Rows in an order of a flat list. */
export async function sortedRows(
  rows: readonly ChangeRow[],
  { column, isDescending }: Sort,
  turns: Turns,
): Promise<readonly ChangeRow[]> {
  if (column === 'path') return isDescending ? rows.toReversed() : rows;
  const key = (row: ChangeRow): number => {
    switch (column) {
      case 'left':
        return leftBytes(row);
      case 'right':
        return rightBytes(row);
      case 'delta':
        return Math.abs(deltaBytes(row));
    }
  };
  return sorted(rows, isDescending ? (a, b) => key(b) - key(a) : (a, b) => key(a) - key(b), turns);
}
