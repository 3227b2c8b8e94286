import type { Pacer } from '../archive/pacer.ts';
import type { ImageConfig } from '../oci/manifest.ts';
import type { ConfigChange, Strictness } from './diffReport.ts';
import { imageSettings } from './imageSettings.ts';

/** The settings in which the configs of two images differ, in the order of their ranks and names. */
export async function compareConfig(
  left: ImageConfig,
  right: ImageConfig,
  { strictness, pacer }: { readonly strictness: Strictness; readonly pacer: Pacer },
): Promise<readonly ConfigChange[]> {
  const [before, after] = [imageSettings(left, strictness), imageSettings(right, strictness)];
  const ranks = new Map([...before, ...after].map(([name, { rank }]) => [name, rank]));
  const names = [...ranks].sort(([one, rank], [other, otherRank]) =>
    rank === otherRank ? (one < other ? -1 : 1) : rank - otherRank,
  );
  const changes: ConfigChange[] = [];
  for (const [setting] of names) {
    const [one, other] = [before.get(setting), after.get(setting)];
    if (one?.value === other?.value) continue;
    await pacer.pause();
    changes.push({ setting, ...(one && { left: one.shown() }), ...(other && { right: other.shown() }) });
  }
  return changes;
}
