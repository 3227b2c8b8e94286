import { readFile } from 'node:fs/promises';

const centralEntry = 0x02014b50;
const endOfDirectory = 0x06054b50;

export interface ZipEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

/** What a small zip file (a VSIX) really holds, from its central directory. */
export async function zipEntries(path: string): Promise<ZipEntry[]> {
  const bytes = await readFile(path);
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== endOfDirectory) end--;
  if (end < 0) throw new Error(`${path} is not a zip file.`);
  const count = bytes.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (bytes.readUInt32LE(at) !== centralEntry) throw new Error(`${path} has a broken directory.`);
    const nameBytes = bytes.readUInt16LE(at + 28);
    entries.push({
      name: bytes.toString('utf8', at + 46, at + 46 + nameBytes),
      sizeBytes: bytes.readUInt32LE(at + 24),
    });
    at += 46 + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}
