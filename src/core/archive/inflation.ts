import { failure } from '../errors.ts';

/** Guards against archives that unpack to far more than they are. */
export interface InflationLimits {
  /** Bytes that everything in one archive may unpack to, all layers together. */
  readonly maxInflatedBytes: number;
  /** How many times larger than its input an output may become once it is larger than `ratioFloorBytes`. */
  readonly maxRatio: number;
  readonly ratioFloorBytes: number;
}

/**
 * A layer may honestly hold a file of zeros that packs 30,000 to 1, so the ratio counts only beyond a size that no
 * such file has. Unpacking happens with flat memory; what these limits save is time.
 */
export const defaultInflationLimits: InflationLimits = {
  maxInflatedBytes: 4 * 2 ** 40,
  maxRatio: 2_000,
  ratioFloorBytes: 256 * 2 ** 30,
};

/** Counts what one archive unpacks to, over all its streams. */
export class InflationBudget {
  readonly #name: string;
  readonly #limits: InflationLimits;
  #totalBytes = 0;

  constructor(name: string, limits: InflationLimits = defaultInflationLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  /** A meter for one stream. */
  meter(): InflationMeter {
    let inflated = 0;
    let taken = 0;
    return {
      take: (bytes) => {
        taken += bytes;
      },
      give: (bytes) => {
        inflated += bytes;
        this.#totalBytes += bytes;
        if (this.#totalBytes > this.#limits.maxInflatedBytes)
          throw failure('archiveTooLarge', {
            name: this.#name,
            reason: `it unpacks to more than ${this.#limits.maxInflatedBytes} bytes`,
          });
        if (inflated > this.#limits.ratioFloorBytes && inflated > taken * this.#limits.maxRatio)
          throw failure('archiveTooLarge', {
            name: this.#name,
            reason: `it unpacks to more than ${this.#limits.maxRatio} times its size`,
          });
      },
    };
  }
}

/** Told of bytes that go into and come out of one decompressor; `give` throws when a limit is passed. */
export interface InflationMeter {
  take(bytes: number): void;
  give(bytes: number): void;
}
