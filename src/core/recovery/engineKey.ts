import type { EngineInfo } from '../engine/records.ts';

/**
 * Tells two engines apart, for notes of what is to be undone on one and for moves between two. Their own IDs don't:
 * Docker before 24 takes its ID from a key of the machine, so that engines side by side on one host have the same.
 */
export function engineKey({ id, hostName, dataRoot = '' }: EngineInfo): string {
  return JSON.stringify([id, hostName, dataRoot]);
}
