import { defaultInflationLimits } from './inflation.ts';
import type { InflationLimits } from './inflation.ts';

/** Guards against hostile archives. */
export interface ArchiveLimits extends InflationLimits {
  readonly maxEntries: number;
  /** Bytes of one JSON document; larger files are never kept in memory. */
  readonly maxDocumentBytes: number;
  /** Bytes of all kept documents together. */
  readonly maxKeptBytes: number;
}

export const defaultArchiveLimits: ArchiveLimits = {
  ...defaultInflationLimits,
  maxEntries: 200_000,
  maxDocumentBytes: 4 << 20,
  maxKeptBytes: 128 << 20,
};
