import { failure } from '../errors.ts';

const headerMagic = Buffer.from('RpmP');
const slotMagic = Buffer.from('Slot');
const blobMagic = Buffer.from('BlbS');
const headerBytes = 32;
const slotBytes = 16;
const blobHeaderBytes = 16;
const pageBytes = 4096;
const blockBytes = 16;

/** Whether a file is a `Packages.db` of rpm's own format. */
export function isNdb(file: Buffer): boolean {
  return file.subarray(0, 4).equals(headerMagic);
}

/**
 * The blobs in use, through the slots; undefined for a free slot. Numbers are little-endian. A slot has its magic, the package's number (0 where it
 * is free), the first block and the number of blocks; a blob its magic, that number, a generation and its length.
 * Source: the comments in rpm 4.18, lib/backend/ndb/rpmpkg.c. Throws `packageListBad`.
 */
export function* ndbBlobs(file: Buffer, name: string): Generator<Buffer | undefined, void, undefined> {
  const bad = (reason: string): Error => failure('packageListBad', { name, reason });
  if (file.length < headerBytes || file.readUInt32LE(4) !== 0) throw bad('its version is not known');
  const slotsEnd = file.readUInt32LE(12) * pageBytes;
  if (slotsEnd > file.length) throw bad('it is cut off');
  for (let at = headerBytes; at + slotBytes <= slotsEnd; at += slotBytes) {
    if (!file.subarray(at, at + 4).equals(slotMagic)) throw bad('a slot is damaged');
    const number = file.readUInt32LE(at + 4);
    if (number === 0) {
      yield undefined;
      continue;
    }
    const start = file.readUInt32LE(at + 8) * blockBytes;
    if (start + blobHeaderBytes > file.length) throw bad('it is cut off');
    if (!file.subarray(start, start + 4).equals(blobMagic) || file.readUInt32LE(start + 4) !== number)
      throw bad('a package in it is damaged');
    const length = file.readUInt32LE(start + 12);
    const blob = file.subarray(start + blobHeaderBytes, start + blobHeaderBytes + length);
    if (blob.length < length) throw bad('it is cut off');
    yield blob;
  }
}
