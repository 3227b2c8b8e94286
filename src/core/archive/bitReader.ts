import { BadFrame } from './badFrame.ts';
import type { InflationMeter } from './inflation.ts';

/** Reads bits, highest first, out of bytes as they come. Bits are taken synchronously, after {@link want}. */
export class BitReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #meter: InflationMeter;
  #bytes: Uint8Array = Buffer.alloc(0);
  #at = 0;
  #hold = 0;
  #held = 0;
  #hasEnded = false;

  constructor(packed: AsyncIterable<Uint8Array>, meter: InflationMeter) {
    this.#source = packed[Symbol.asyncIterator]();
    this.#meter = meter;
  }

  /** Whole bytes that can be taken without {@link want}. */
  get readyBytes(): number {
    return this.#bytes.length - this.#at;
  }

  /** Whether a byte follows. */
  async hasMore(): Promise<boolean> {
    await this.want(1);
    return this.#held >= 8 || this.readyBytes > 0;
  }

  /** Waits until `count` bytes are ready or the input has ended. */
  async want(count: number): Promise<void> {
    while (this.readyBytes < count && !this.#hasEnded) {
      const next = await this.#source.next();
      if (next.done === true) this.#hasEnded = true;
      else {
        this.#meter.take(next.value.length);
        const rest = this.#bytes.subarray(this.#at);
        this.#bytes = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
        this.#at = 0;
      }
    }
  }

  /** The next `count` bits, at most 24; throws {@link BadFrame} where the input ends. */
  take(count: number): number {
    while (this.#held < count) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new BadFrame('it ends inside a block', 'cut');
      this.#hold = (this.#hold << 8) | byte;
      this.#held += 8;
    }
    this.#held -= count;
    return (this.#hold >>> this.#held) & ((1 << count) - 1);
  }

  /** Drops what is left of the current byte. */
  align(): void {
    this.#held -= this.#held % 8;
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
