import { hexOf, type Digest } from '../digest.ts';

/** Which blobs to read: one of several parts that together are all, or so many of a hundred at random. */
export type VerifyShare = { readonly part: number; readonly of: number } | { readonly percent: number };

/** Whether a blob belongs to the share. `random` gives numbers from 0 to 1, 1 not included. */
export function isInShare(
  digest: Digest,
  share: VerifyShare | undefined,
  random: () => number = Math.random,
): boolean {
  if (share === undefined) return true;
  if ('percent' in share) return random() * 100 < share.percent;
  return Number.parseInt(hexOf(digest).slice(0, 12), 16) % share.of === share.part - 1;
}
