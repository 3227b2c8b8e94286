import { formatBytes } from '../core/quantity.ts';
import type { ByteRange } from '../core/waste/chainSizes.ts';
import type { Wording } from '../views/viewItem.ts';

/** A number of bytes, or what it lies between. */
export function rangeText({ leastBytes, mostBytes }: ByteRange, l10n: Wording['l10n']): string {
  return leastBytes === mostBytes
    ? formatBytes(mostBytes)
    : l10n.t('{least} to {most}', { least: formatBytes(leastBytes), most: formatBytes(mostBytes) });
}
