import { hierarchy, treemap, type HierarchyRectangularNode } from 'd3-hierarchy';
import { pageKinds } from '../../core/diff/diffPageData.ts';
import { weightsOf, type ChangeNode } from './changeTree.ts';
import { largest } from './largest.ts';

/** A rectangle of the map, in pixels: a file, a folder with what is in it, or many small things together. */
export interface MapCell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Undefined for the small ones together. */
  readonly node: ChangeNode | undefined;
  /** How many small ones it stands for. */
  readonly rest: number;
  readonly weight: number;
  /** Of the weight, what each kind has; what is added and what is removed in a folder is drawn side by side. */
  readonly weights: readonly number[];
  /** Has cells of its own on it; its name stands in the strip above them, where there is room for one. */
  readonly isGroup: boolean;
  readonly hasStrip: boolean;
  readonly depth: number;
}

interface Part {
  readonly node: ChangeNode | undefined;
  readonly rest: number;
  readonly weight: number;
  readonly weights: readonly number[];
  readonly parts?: readonly Part[];
}

export const stripHeight = 18;
const gap = 2;
/** Less than this is neither seen nor hit, in square pixels; and a folder with less room is not divided. */
const leastArea = 260;
const leastFolderArea = 7_000;
const mostDepth = 6;
const mostBeside = 60;

/** Lays out what changed below `root` by the bytes it is about. Some hundred cells at most, whatever is below. */
export function mapCells(
  root: ChangeNode,
  { width, height }: { readonly width: number; readonly height: number },
): readonly MapCell[] {
  if (root.weight === 0 || width <= 0 || height <= 0) return [];
  const bytesPerPixel = root.weight / (width * height);
  const tree = hierarchy<Part>(partOf(root, bytesPerPixel, 0), ({ parts }) => parts)
    .sum(({ parts, weight }) => (parts === undefined ? weight : 0))
    .sort((a, b) => Number(isRest(a)) - Number(isRest(b)) || (b.value ?? 0) - (a.value ?? 0));
  const laidOut = treemap<Part>()
    .size([width, height])
    .round(true)
    .paddingInner(gap)
    .paddingOuter((node) => (node.depth === 0 ? 0 : gap))
    .paddingTop((node) => (node.depth === 0 ? 0 : hasStrip(node) ? stripHeight : gap))(tree);
  return laidOut
    .descendants()
    .filter((node) => node.depth > 0 && node.x1 > node.x0 && node.y1 > node.y0)
    .map((node) => ({
      x: node.x0,
      y: node.y0,
      width: node.x1 - node.x0,
      height: node.y1 - node.y0,
      node: node.data.node,
      rest: node.data.rest,
      weight: node.data.weight,
      weights: node.data.weights,
      isGroup: node.children !== undefined,
      hasStrip: node.children !== undefined && hasStrip(node),
      depth: node.depth,
    }));
}

function isRest({ data }: { readonly data: Part }): boolean {
  return data.node === undefined;
}

function hasStrip(node: HierarchyRectangularNode<Part>): boolean {
  return node.x1 - node.x0 >= 56 && node.y1 - node.y0 >= 44;
}

function partOf(node: ChangeNode, bytesPerPixel: number, depth: number): Part {
  const { weight } = node;
  const whole = { node, rest: 0, weight, weights: weightsOf(node) };
  if (node.children === undefined || depth >= mostDepth || weight < leastFolderArea * bytesPerPixel)
    return depth === 0 && node.children !== undefined ? divided(node, bytesPerPixel, depth) : whole;
  return divided(node, bytesPerPixel, depth);
}

function divided(node: ChangeNode, bytesPerPixel: number, depth: number): Part {
  const children = [...(node.children?.values() ?? [])].filter(({ weight }) => weight > 0);
  const seen = children.filter(({ weight }) => weight >= leastArea * bytesPerPixel);
  const large = largest(seen, mostBeside, ({ weight }) => weight);
  const parts = large.map((child) => partOf(child, bytesPerPixel, depth + 1));
  const drawn = new Set(large);
  const small = children.filter((child) => !drawn.has(child));
  if (small.length > 0)
    parts.push({
      node: undefined,
      rest: small.reduce((sum, { count }) => sum + count, 0),
      weight: small.reduce((sum, { weight }) => sum + weight, 0),
      weights: sumOf(small),
    });
  return { node, rest: 0, weight: node.weight, weights: weightsOf(node), ...(parts.length > 0 && { parts }) };
}

function sumOf(nodes: readonly ChangeNode[]): readonly number[] {
  const sums = new Array<number>(pageKinds.length).fill(0);
  const add = (kind: number, bytes: number): void => {
    sums[kind] = (sums[kind] ?? 0) + bytes;
  };
  for (const { row, weight, weights } of nodes) {
    if (weights === undefined) add(row?.kind ?? 0, weight);
    else
      weights.forEach((bytes, kind) => {
        add(kind, bytes);
      });
  }
  return sums;
}

/** The cell that an arrow key goes to from `from`: the nearest one whose middle lies that way. */
export function cellTowards(cells: readonly MapCell[], from: number, key: string): number | undefined {
  const start = cells[from];
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const [dx, dy] = way ?? [];
  if (start === undefined || dx === undefined || dy === undefined) return undefined;
  const [x, y] = middle(start);
  let best: number | undefined;
  let least = Infinity;
  cells.forEach((cell, at) => {
    const [cx, cy] = middle(cell);
    const ahead = (cx - x) * dx + (cy - y) * dy;
    if (at === from || ahead <= 0) return;
    const aside = Math.abs((cx - x) * dy) + Math.abs((cy - y) * dx);
    const distance = ahead + 2 * aside;
    if (distance < least) {
      least = distance;
      best = at;
    }
  });
  return best;
}

function middle({ x, y, width, height, isGroup }: MapCell): readonly [number, number] {
  return [x + width / 2, isGroup ? y + stripHeight / 2 : y + height / 2];
}
