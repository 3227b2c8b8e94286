import { shortDigest, type Digest } from '../digest.ts';
import type { Keyword } from '../dockerfile/instruction.ts';
import type { Engine } from '../engine/engine.ts';
import type { Operation } from '../progress.ts';
import { imageLayers, type LayerFill } from './imageLayers.ts';

/** One step of an image's making, ready to be shown. Sizes are bytes, times milliseconds since 1970. */
export interface HistoryReportLayer {
  readonly keyword: Keyword | '';
  /** The whole instruction in Dockerfile form. */
  readonly text: string;
  readonly buildArgs: readonly string[];
  readonly fill: LayerFill;
  /** Absent for a layer that the history does not mention. */
  readonly sizeBytes?: number;
  readonly createdAtMs?: number;
  /** The image that ended with this step, where the engine still has it. */
  readonly id?: Digest;
  readonly diffId?: Digest;
  readonly comment: string;
  readonly tags: readonly string[];
}

/** How an image was made. */
export interface HistoryReport {
  /** The tag that was asked for, else the first one, else the short ID. */
  readonly name: string;
  readonly tags: readonly string[];
  readonly id: Digest;
  readonly createdAtMs?: number;
  readonly sizeBytes: number;
  /** For example `linux/arm64/v8`. */
  readonly platform: string;
  /** How many layers of files the image has, whatever the history says. */
  readonly layerCount: number;
  /** Newest first. */
  readonly layers: readonly HistoryReportLayer[];
}

/**
 * Asks the engine how the image `ref` (an ID, a short ID or a name) was made. The history is asked for by the ID that
 * the first answer gave, so that both speak of one image even when a tag moves between them.
 * Rejects with `engineNotFound`, with the engine's other failures, or with an AbortError.
 */
export async function historyReport(
  engine: { readonly images: Pick<Engine['images'], 'inspect' | 'history'> },
  ref: string,
  { signal }: Pick<Operation, 'signal'>,
): Promise<HistoryReport> {
  const image = await engine.images.inspect(ref, { signal });
  const history = await engine.images.history(image.id, { signal });
  const { os, architecture, variant } = image.platform;
  return {
    name: image.tags.includes(ref) ? ref : (image.tags[0] ?? shortDigest(image.id)),
    tags: image.tags,
    id: image.id,
    ...(image.createdAtMs === undefined ? {} : { createdAtMs: image.createdAtMs }),
    sizeBytes: image.sizeBytes,
    platform: [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/'),
    layerCount: image.diffIds.length,
    layers: imageLayers(history, image.diffIds).map(({ entry, instruction, fill, diffId }) => ({
      keyword: instruction.keyword,
      text: instruction.text,
      buildArgs: instruction.buildArgs,
      fill,
      ...(entry === undefined ? {} : { sizeBytes: entry.sizeBytes }),
      ...(entry?.createdAtMs === undefined ? {} : { createdAtMs: entry.createdAtMs }),
      ...(entry?.id === undefined ? {} : { id: entry.id }),
      ...(diffId === undefined ? {} : { diffId }),
      comment: entry?.comment ?? '',
      tags: entry?.tags ?? [],
    })),
  };
}
