import { failure } from '../errors.ts';
import type { InstalledPackage } from './installedPackage.ts';

const tags = { name: 1000, version: 1001, release: 1002, epoch: 1003, architecture: 1022 } as const;
const int32 = 4;
const string = 6;
const entryBytes = 16;
/** rpm's own limit of a header's entries, and far more than a name has. */
const mostEntries = 0xffff;
const longestText = 4096;

/**
 * The package that a header of rpm's database is of; undefined for one without a name, which is none.
 * Layout, all big-endian: number of entries, bytes of data, entries of tag, type, offset and count, data.
 * Source: the manual of rpm 4.18, "RPM V4 Package format", "Header format". Throws `packageListBad`.
 */
export function packageOfHeader(header: Buffer, where: string): InstalledPackage | undefined {
  const bad = (reason: string): Error => failure('packageListBad', { name: where, reason });
  if (header.length < 8) throw bad('a header is cut off');
  const [count, dataBytes] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const dataStart = 8 + count * entryBytes;
  if (count > mostEntries || dataStart + dataBytes > header.length) throw bad('a header is cut off');
  const data = header.subarray(dataStart, dataStart + dataBytes);
  const places = new Map<number, { readonly type: number; readonly offset: number }>();
  for (let at = 8; at < dataStart; at += entryBytes) {
    const tag = header.readUInt32BE(at);
    if (!places.has(tag))
      places.set(tag, { type: header.readUInt32BE(at + 4), offset: header.readUInt32BE(at + 8) });
  }
  const text = (tag: number): string | undefined => {
    const place = places.get(tag);
    if (place?.type !== string) return undefined;
    const end = data.indexOf(0, place.offset);
    if (place.offset >= data.length || end < 0 || end - place.offset > longestText)
      throw bad('a text in a header has no end');
    return data.toString('utf8', place.offset, end);
  };
  const epochAt = places.get(tags.epoch);
  if (epochAt?.type === int32 && epochAt.offset + 4 > data.length) throw bad('a header is cut off');
  const epoch = epochAt?.type === int32 ? `${data.readUInt32BE(epochAt.offset)}:` : '';
  const [name, version, release, architecture] = [
    text(tags.name),
    text(tags.version),
    text(tags.release),
    text(tags.architecture),
  ];
  if (name === undefined || version === undefined) return undefined;
  return {
    manager: 'rpm',
    name,
    version: `${epoch}${version}${release === undefined ? '' : `-${release}`}`,
    ...(architecture !== undefined && { architecture }),
    place: architecture ?? '',
  };
}
