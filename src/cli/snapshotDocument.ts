import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { isoTime } from './isoTime.ts';

/** A snapshot as `--json` prints it. */
export function snapshotDocument(one: Snapshot): Readonly<Record<string, unknown>> {
  const { verified, damaged } = one;
  return {
    id: one.id,
    name: one.refName,
    createdAt: isoTime(one.createdMs),
    kind: one.source.kind,
    source: one.source.name,
    engine: { id: one.source.engineId, name: one.source.engineName },
    sizeBytes: one.plainBytes,
    newBytes: one.newBytes,
    imageIds: one.imageIds,
    tags: one.tags,
    isPinned: one.isPinned,
    verified: verified === undefined ? null : { at: isoTime(verified.atMs), depth: verified.depth },
    damaged: damaged === undefined ? null : { at: isoTime(damaged.atMs), reason: damaged.reason },
    remarkCount: one.remarkCount,
  };
}
