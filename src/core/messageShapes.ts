/** What a message between a page and its host may look like. Both sides read it, so this module imports nothing. */

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const longestText = 100_000;

/** Of at most 100,000 UTF-16 units. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestText;
}

/** Whole, not negative, and exact. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function isListOf(
  value: unknown,
  isItem: (item: unknown) => boolean,
  most = Number.POSITIVE_INFINITY,
): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= most && value.every(isItem);
}

export function isTexts(value: unknown): boolean {
  return isListOf(value, isText);
}

export function hasTexts(value: unknown, keys: readonly string[]): value is Fields {
  return isFields(value) && keys.every((key) => isText(value[key]));
}

export function hasCounts(value: Fields, keys: readonly string[]): boolean {
  return keys.every((key) => isCount(value[key]));
}
