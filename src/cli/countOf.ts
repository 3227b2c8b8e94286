/** `1 blob`, `2 blobs`. For things whose plural takes an s. */
export function countOf(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
