/** The `most` items with the largest keys, largest first, without sorting the others: a folder may hold 100,000 files. */
export function largest<T>(items: Iterable<T>, most: number, key: (item: T) => number): T[] {
  const found: { readonly item: T; readonly key: number }[] = [];
  for (const item of items) {
    const own = key(item);
    const last = found.at(-1);
    if (found.length >= most && (last === undefined || own <= last.key)) continue;
    const at = found.findIndex((other) => own > other.key);
    found.splice(at === -1 ? found.length : at, 0, { item, key: own });
    if (found.length > most) found.pop();
  }
  return found.map(({ item }) => item);
}
