/** Whether every word of `filter` occurs in one of `texts`, in any case. An empty filter lets everything through. */
export function matchesFilter(filter: string, texts: readonly string[]): boolean {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return true;
  const lower = texts.map((text) => text.toLowerCase());
  return words.every((word) => lower.some((text) => text.includes(word)));
}
