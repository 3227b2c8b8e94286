import { BadFrame } from './badFrame.ts';

/** What the header of a zstd frame states. Sizes are bytes. Source: RFC 8878, section 3.1. */
export interface ZstdFrame {
  readonly isSkippable: boolean;
  /** Size of what the frame unpacks to; absent when the header does not tell. */
  readonly contentBytes?: number;
  readonly windowBytes: number;
  /** 0 for none. */
  readonly dictionaryId: number;
}

export type ZstdFrameEvent =
  | { readonly kind: 'frame'; readonly frame: ZstdFrame }
  /** A piece of the frame, header and checksum included. */
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  | { readonly kind: 'frameEnd' };

type Step = 'magic' | 'skipSize' | 'descriptor' | 'header' | 'blockHeader' | 'body' | 'checksum';

const magic = 0xfd2fb528;
const stepBytes: Readonly<Record<Exclude<Step, 'header' | 'body'>, number>> = {
  magic: 4,
  skipSize: 4,
  descriptor: 1,
  blockHeader: 3,
  checksum: 4,
};

/**
 * Finds where zstd frames start and end without unpacking them, as the bytes come.
 *
 * Node's decoder reads one frame of what it is given and drops the rest silently, so frames are fed to it one at
 * a time. Throws {@link BadFrame} for bytes that are no frame.
 */
export class ZstdFrameWalker {
  #step: Step = 'magic';
  #need = 4;
  #held: Buffer = Buffer.alloc(0);
  #left = 0;
  #isLastBlock = false;
  #hasChecksum = false;
  #descriptor = 0;
  #headerPieces: Buffer[] = [];

  /** Whether the bytes so far end with the end of a frame. */
  get isBetweenFrames(): boolean {
    return this.#step === 'magic' && this.#held.length === 0;
  }

  *push(bytes: Uint8Array): Generator<ZstdFrameEvent, void, undefined> {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < chunk.length) {
      if (this.#step === 'body') {
        const piece = chunk.subarray(at, at + this.#left);
        at += piece.length;
        this.#left -= piece.length;
        yield { kind: 'piece', bytes: piece };
        if (this.#left === 0) yield* this.#afterBody();
        continue;
      }
      const piece = chunk.subarray(at, at + this.#need - this.#held.length);
      at += piece.length;
      this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
      if (this.#held.length === this.#need) {
        const field = this.#held;
        this.#held = Buffer.alloc(0);
        yield* this.#takeField(field);
      }
    }
  }

  *#takeField(field: Buffer): Generator<ZstdFrameEvent, void, undefined> {
    switch (this.#step) {
      case 'magic': {
        this.#headerPieces = [field];
        const found = field.readUInt32LE(0);
        if (found >>> 4 === 0x184d2a5) this.#expect('skipSize');
        else if (found === magic) this.#expect('descriptor');
        else throw new BadFrame('it is not a zstd frame', 'junk');
        break;
      }
      case 'skipSize':
        yield { kind: 'frame', frame: { isSkippable: true, windowBytes: 0, dictionaryId: 0 } };
        this.#startBody(field.readUInt32LE(0), 'skippable');
        if (this.#left === 0) yield* this.#afterBody();
        break;
      case 'descriptor': {
        this.#descriptor = field[0] ?? 0;
        if (this.#descriptor & 0x08) throw new BadFrame('a reserved bit of a zstd frame is set', 'corrupt');
        this.#hasChecksum = (this.#descriptor & 0x04) !== 0;
        this.#headerPieces.push(field);
        this.#step = 'header';
        this.#need = headerBytes(this.#descriptor);
        if (this.#need === 0) yield* this.#takeField(field.subarray(1));
        break;
      }
      case 'header':
        yield { kind: 'frame', frame: frameOf(this.#descriptor, field) };
        yield { kind: 'piece', bytes: Buffer.concat([...this.#headerPieces, field]) };
        this.#expect('blockHeader');
        break;
      case 'blockHeader': {
        const header = field.readUIntLE(0, 3);
        const type = (header >> 1) & 3;
        if (type === 3) throw new BadFrame('a zstd block of a reserved type', 'corrupt');
        this.#isLastBlock = (header & 1) === 1;
        yield { kind: 'piece', bytes: field };
        // A run-length block stores one byte, whatever its size says.
        this.#startBody(type === 1 ? 1 : header >> 3, 'block');
        if (this.#left === 0) yield* this.#afterBody();
        break;
      }
      case 'checksum':
        yield { kind: 'piece', bytes: field };
        yield* this.#endFrame();
        break;
      case 'body':
        break;
    }
  }

  #startBody(sizeBytes: number, of: 'skippable' | 'block'): void {
    this.#step = 'body';
    this.#left = sizeBytes;
    if (of === 'skippable') {
      this.#isLastBlock = true;
      this.#hasChecksum = false;
    }
  }

  *#afterBody(): Generator<ZstdFrameEvent, void, undefined> {
    if (!this.#isLastBlock) this.#expect('blockHeader');
    else if (this.#hasChecksum) this.#expect('checksum');
    else yield* this.#endFrame();
  }

  *#endFrame(): Generator<ZstdFrameEvent, void, undefined> {
    this.#expect('magic');
    yield { kind: 'frameEnd' };
  }

  #expect(step: keyof typeof stepBytes): void {
    this.#step = step;
    this.#need = stepBytes[step];
  }
}

function fieldSizes(descriptor: number): { window: number; dictionary: number; content: number } {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  return {
    window: isSingleSegment ? 0 : 1,
    dictionary: [0, 1, 2, 4][descriptor & 3] ?? 0,
    content: [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0,
  };
}

function headerBytes(descriptor: number): number {
  const sizes = fieldSizes(descriptor);
  return sizes.window + sizes.dictionary + sizes.content;
}

function frameOf(descriptor: number, header: Buffer): ZstdFrame {
  const sizes = fieldSizes(descriptor);
  const contentAt = sizes.window + sizes.dictionary;
  const contentBytes =
    sizes.content === 0
      ? undefined
      : sizes.content === 8
        ? Number(header.readBigUInt64LE(contentAt))
        : header.readUIntLE(contentAt, sizes.content) + (sizes.content === 2 ? 256 : 0);
  const windowByte = header[0] ?? 0;
  const base = 2 ** (10 + (windowByte >> 3));
  const windowBytes = sizes.window === 0 ? (contentBytes ?? 0) : base + (base / 8) * (windowByte & 7);
  const dictionaryId = sizes.dictionary === 0 ? 0 : header.readUIntLE(sizes.window, sizes.dictionary);
  return {
    isSkippable: false,
    windowBytes,
    dictionaryId,
    ...(contentBytes !== undefined && { contentBytes }),
  };
}
