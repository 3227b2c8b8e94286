import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { DrydockError, failure } from '../errors.ts';
import { parseJson } from '../oci/parseJson.ts';
import { processIdentity, type ProcessIdentity } from './processIdentity.ts';
import { readSmallFile } from './readSmallFile.ts';
import type { VaultPaths } from './vaultPaths.ts';

/** What an operation is, in its journal file's first line. */
export interface OperationHead {
  readonly id: string;
  /** What is done, as the use case names it. */
  readonly kind: string;
  /** What it is done to, for people. */
  readonly subject: string;
  readonly owner: ProcessIdentity;
  /** The claim on the vault under which it runs. */
  readonly claimId: string;
  /** ISO time by the owner's clock. */
  readonly since: string;
}

/** One thing to undo. Who wrote it knows what `data` means; whoever reads it parses it. */
export interface JournalNote {
  readonly number: number;
  readonly kind: string;
  readonly data: unknown;
}

/** A journal file as it was found. */
export interface FoundOperation {
  readonly path: string;
  readonly head: OperationHead;
  /** Notes that are not settled, in the order in which they were written. */
  readonly open: readonly JournalNote[];
  /** Bytes up to the end of the last whole line. */
  readonly wholeBytes: number;
}

const maxFileBytes = 64 << 20;
/** A note may name each of an engine's images. */
const lineLimits = { maxBytes: maxFileBytes, maxDepth: 64 };
const text = z.string().max(10_000);
const head = z.object({
  id: z.uuid(),
  kind: text,
  subject: text,
  owner: processIdentity,
  claimId: z.uuid(),
  since: text,
});
const line = z.union([
  z.object({ note: z.number().int().nonnegative(), kind: text, data: z.unknown() }),
  z.object({ settled: z.number().int().nonnegative() }),
]);
type JournalLine =
  { readonly note: number; readonly kind: string; readonly data: unknown } | { readonly settled: number };

/** The file of an operation. */
export function journalPath(paths: VaultPaths, id: string): string {
  return join(paths.journal, `${id}.jsonl`);
}

/** A line as it stands in a journal file. */
export function journalLine(content: OperationHead | JournalLine): Buffer {
  return Buffer.from(`${JSON.stringify(content)}\n`);
}

/** The journal files of a vault. */
export async function journalFiles(paths: VaultPaths): Promise<readonly string[]> {
  const names = await readdir(paths.journal);
  return names.filter((name) => name.endsWith('.jsonl')).map((name) => join(paths.journal, name));
}

/**
 * Reads a journal file. A last line without its end was never acted on, and is passed over. Resolves with undefined
 * when the file is gone; rejects with `vaultJournalBroken` for what is no journal.
 */
export async function readJournalFile(path: string): Promise<FoundOperation | undefined> {
  try {
    const bytes = Buffer.from(await readSmallFile(path, maxFileBytes));
    const wholeBytes = bytes.lastIndexOf(0x0a) + 1;
    const [first = Buffer.alloc(0), ...rest] = linesIn(bytes.subarray(0, wholeBytes));
    const found = parseJson(first, head, path, lineLimits);
    const notes = new Map<number, JournalNote>();
    for (const bytesOfLine of rest) {
      const content = parseJson(bytesOfLine, line, path, lineLimits);
      if ('settled' in content) notes.delete(content.settled);
      else notes.set(content.note, { number: content.note, kind: content.kind, data: content.data });
    }
    return { path, head: found, open: [...notes.values()], wholeBytes };
  } catch (error) {
    if (!(error instanceof DrydockError)) throw error;
    if (error.code === 'fileMissing') return undefined;
    throw failure('vaultJournalBroken', { path, reason: error.message }, error);
  }
}

/**
 * Appends lines to a journal file and waits until they are on the disk. What follows `wholeBytes` is cut off first: a
 * line that did not fit on the disk would spoil the next one.
 */
export async function appendToJournal(path: string, lines: Uint8Array, wholeBytes: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(wholeBytes);
    // A disk that fills up takes a part, and says so by a number alone.
    for (let done = 0; done < lines.length;) {
      const { bytesWritten } = await file.write(lines, done, lines.length - done, wholeBytes + done);
      done += bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

function linesIn(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let at = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, at)) {
    lines.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return lines;
}
