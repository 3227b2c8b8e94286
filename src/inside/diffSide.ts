/** One side of a comparison, by what names it; a page keeps it over a reload. */
export type DiffSide =
  | { readonly kind: 'image'; readonly id: string; readonly title: string }
  | {
      readonly kind: 'layer';
      readonly imageId: string;
      /** From 0, the bottom one. */
      readonly place: number;
      /** The last one of several; left out for one alone. */
      readonly upTo?: number;
      readonly title: string;
    }
  | { readonly kind: 'container'; readonly id: string; readonly title: string }
  | { readonly kind: 'volume'; readonly name: string; readonly title: string }
  | {
      readonly kind: 'snapshot';
      readonly vaultPath: string;
      readonly id: string;
      /** Which of its file systems; asked for where it has several. */
      readonly root?: string;
      readonly title: string;
    }
  | { readonly kind: 'archive'; readonly path: string; readonly root?: string; readonly title: string };

/** What is compared with what, and how strictly. */
export interface DiffKey {
  readonly left: DiffSide;
  readonly right: DiffSide;
  readonly strictness: 'strict' | 'semantic';
}

/** A key as the page keeps it. */
export function keyText(key: DiffKey): string {
  return JSON.stringify(key);
}

/** The key that a page kept, or undefined for anything that is none. */
export function parseKeyText(text: string): DiffKey | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { left, right, strictness } = fieldsOf(value);
  const sides = [parseSide(left), parseSide(right)] as const;
  if (sides[0] === undefined || sides[1] === undefined) return undefined;
  return { left: sides[0], right: sides[1], strictness: strictness === 'strict' ? 'strict' : 'semantic' };
}

function parseSide(value: unknown): DiffSide | undefined {
  const { kind, id, imageId, place, upTo, name, vaultPath, path, root, title } = fieldsOf(value);
  if (!isText(title) || !(root === undefined || isText(root))) return undefined;
  const ofRoot = root === undefined ? {} : { root };
  switch (kind) {
    case 'image':
    case 'container':
      return isText(id) ? { kind, id, title } : undefined;
    case 'layer':
      if (!isText(imageId) || !isPlace(place)) return undefined;
      if (upTo === undefined) return { kind, imageId, place, title };
      return isPlace(upTo) && upTo > place ? { kind, imageId, place, upTo, title } : undefined;
    case 'volume':
      return isText(name) ? { kind, name, title } : undefined;
    case 'snapshot':
      return isText(vaultPath) && isText(id) ? { kind, vaultPath, id, title, ...ofRoot } : undefined;
    case 'archive':
      return isText(path) ? { kind, path, title, ...ofRoot } : undefined;
    default:
      return undefined;
  }
}

function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 10_000;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
