import { Pacer } from '../../archive/pacer.ts';
import type { WastedFile } from '../analyzeWaste.ts';
import type { FileGroups } from './fileGroups.ts';
import { pathKind } from './pathKinds.ts';
import { secretFileName } from './secretFiles.ts';
import { keyOf } from './visibleFiles.ts';

/** A path that so many layers brought is one that is changed again and again. */
const manyVersions = 3;

/**
 * Puts what layers have brought for nothing into groups, each file into the first that fits:
 * 1. Secrets that can't be seen any more.
 * 2. Caches, logs and temporary files, beside those that can still be seen.
 * 3. Files that three layers or more have brought: a finding for the layer that changed them last.
 * 4. The same bytes once more: a finding for the layer that copied them.
 * 5. What a later layer deleted: a finding for the layer that brought it.
 */
export async function groupWastedFiles(
  wasted: readonly WastedFile[],
  groups: FileGroups,
  signal: AbortSignal,
): Promise<void> {
  const pacer = new Pacer();
  const pause = async (): Promise<void> => {
    await pacer.pause();
    signal.throwIfAborted();
  };
  const versions = new Map<string, WastedFile[]>();
  for (const one of wasted) {
    if (pacer.isDue) await pause();
    const same = versions.get(one.path);
    if (same === undefined) versions.set(one.path, [one]);
    else same.push(one);
  }
  for (const { path, sizeBytes, from, by, kind } of wasted) {
    if (pacer.isDue) await pause();
    const secret = secretFileName(path);
    const place = pathKind(path);
    const all = versions.get(path) ?? [];
    const isReplaced = all.every((one) => one.kind !== 'deleted');
    if (secret?.isCertain === true && kind !== 'copied')
      groups.addWasted(
        { code: 'hiddenSecretFile', args: { kind: secret.kind }, place: from },
        path,
        sizeBytes,
      );
    else if (place !== undefined) groups.addWasted(keyOf(place, from), path, sizeBytes);
    else if (all.length + (isReplaced ? 1 : 0) >= manyVersions)
      groups.addWasted({ code: 'repeatedChange', args: {}, place: all.at(-1)?.by ?? by }, path, sizeBytes);
    else if (kind === 'copied')
      groups.addWasted({ code: 'copiedFiles', args: {}, place: by }, path, sizeBytes);
    else if (kind === 'deleted' && from !== by)
      groups.addWasted({ code: 'deletedLater', args: { by: String(by) }, place: from }, path, sizeBytes);
  }
}
