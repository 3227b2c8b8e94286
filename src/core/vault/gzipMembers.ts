import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BadFrame } from '../archive/badFrame.ts';
import { reasonOf } from '../errors.ts';
import type { CancelOptions } from './blobStore.ts';
import type { Frame } from './frames.ts';

/** Members up to this size are unpacked as a whole; ours have 4 MiB. */
const maxMemberBytes = 8 << 20;
const unpackMember = promisify<Uint8Array, { maxOutputLength: number; chunkSize: number }, Buffer>(gunzip);

/** Whether every member fits into memory a few times over. One that a foreign tool wrote may be a whole layer. */
export function areSmallMembers(frames: readonly Frame[]): boolean {
  return (
    frames.length > 0 &&
    frames.every(
      ({ storedBytes, plainBytes }) => storedBytes <= maxMemberBytes && plainBytes <= maxMemberBytes,
    )
  );
}

/**
 * Unpacks gzip members several at once on the thread pool, in order: 1. cut `packed` at the sizes that `frames` state,
 * 2. unpack each, 3. compare with the size it should have. Throws {@link BadFrame} when one does not.
 */
export async function* gunzipMembers(
  packed: AsyncIterable<Uint8Array>,
  frames: readonly Frame[],
  { signal }: CancelOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const threads = Math.min(4, availableParallelism());
  const inFlight: Promise<Buffer>[] = [];
  try {
    for await (const { bytes, plainBytes } of membersOf(packed, frames)) {
      signal?.throwIfAborted();
      const work = gunzipMember(bytes, plainBytes);
      // The failure is thrown where the result is awaited; until then it must not count as unhandled.
      work.catch(() => undefined);
      inFlight.push(work);
      if (inFlight.length > threads) yield await (inFlight.shift() ?? work);
    }
    for (let work = inFlight.shift(); work; work = inFlight.shift()) yield await work;
  } finally {
    await Promise.allSettled(inFlight);
  }
}

async function gunzipMember(bytes: Uint8Array, plainBytes: number): Promise<Buffer> {
  let found: Buffer;
  try {
    // One byte more than it should have shows a member that is too long.
    found = await unpackMember(bytes, {
      maxOutputLength: plainBytes + 1,
      chunkSize: Math.max(64, plainBytes + 1),
    });
  } catch (error) {
    throw new BadFrame(`a gzip member can’t be unpacked: ${reasonOf(error)}`, 'corrupt');
  }
  if (found.length === plainBytes) return found;
  throw new BadFrame(`a gzip member unpacks to ${found.length} bytes of ${plainBytes}`, 'corrupt');
}

async function* membersOf(
  packed: AsyncIterable<Uint8Array>,
  frames: readonly Frame[],
): AsyncGenerator<{ readonly bytes: Buffer; readonly plainBytes: number }, void, undefined> {
  let at = 0;
  let pieces: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of packed) {
    for (let from = 0; from < chunk.length;) {
      const frame = frames[at];
      if (frame === undefined) throw new BadFrame('there is more of it than its frame table states', 'junk');
      const to = Math.min(chunk.length, from + frame.storedBytes - held);
      // Copied: the reader may use its buffer again while this waits for the thread pool.
      pieces.push(Buffer.from(chunk.subarray(from, to)));
      held += to - from;
      from = to;
      if (held < frame.storedBytes) continue;
      yield { bytes: Buffer.concat(pieces), plainBytes: frame.plainBytes };
      [pieces, held] = [[], 0];
      at += 1;
    }
  }
  if (held > 0 || at < frames.length) throw new BadFrame('it ends inside a gzip member', 'cut');
}
