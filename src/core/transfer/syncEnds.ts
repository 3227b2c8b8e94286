import { failure } from '../errors.ts';
import { parseRemoteName, remoteNameText, type RemoteName } from '../registry/remoteName.ts';

/** Why a source and a destination don't go together. */
export type SyncMisfit = 'stars' | 'digest' | 'manyIntoOne' | 'tagAndStar' | 'same';

/** What may stand for a star is part of a name, so the rest must be a name with that. */
const standIn = 'x-star-x';

/** Reads one end of a copy between registries: a name that may have stars in its path. Throws `badRemoteName`. */
export function parseSyncEnd(text: string): RemoteName {
  const name = parseRemoteName(text.replaceAll('*', standIn));
  if (`${name.host}:${name.tag ?? ''}`.includes(standIn))
    throw failure('badRemoteName', { text: text.slice(0, 300) });
  return { ...name, path: name.path.replaceAll(standIn, '*') };
}

/** What is wrong with the two together; undefined where all is well. */
export function misfitOf(source: RemoteName, target: RemoteName): SyncMisfit | undefined {
  const stars = ({ path }: RemoteName): number => path.split('*').length - 1;
  if (stars(source) !== stars(target)) return 'stars';
  if (target.digest !== undefined) return 'digest';
  const isOne = (source.tag ?? source.digest) !== undefined;
  if (!isOne && target.tag !== undefined) return 'manyIntoOne';
  if (isOne && stars(source) > 0) return 'tagAndStar';
  const there = { host: target.host, path: target.path };
  const tag = target.tag ?? source.tag;
  const isSame =
    remoteNameText({ ...there, ...(tag !== undefined && { tag }) }) ===
    remoteNameText({
      ...{ host: source.host, path: source.path },
      ...(source.tag !== undefined && { tag: source.tag }),
    });
  return isSame ? 'same' : undefined;
}
