import type { Archive } from '../core/archive/archive.ts';
import type { Platform } from '../core/engine/records.ts';

/** An archive as `--json` prints it. */
export function archiveDocument(archive: Archive): Readonly<Record<string, unknown>> {
  return {
    form: archive.form,
    compression: archive.compression,
    digest: archive.fileDigest ?? null,
    sizeBytes: archive.fileBytes ?? null,
    images: archive.images.map((image) => ({
      configDigest: image.configDigest,
      manifestDigest: image.manifestDigest ?? null,
      targetDigest: image.targetDigest ?? null,
      tags: image.tags,
      platform: platformWords(image.platform),
      layers: image.layers.map(({ diffId, sizeBytes, storedDigest, storedBytes, compression }) => ({
        diffId,
        sizeBytes,
        storedDigest,
        storedBytes,
        compression,
      })),
    })),
    remarks: archive.remarks.map(({ kind, text }) => ({ kind, text })),
  };
}

/** `linux/arm64/v8` */
export function platformWords({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}

/** How many layers of different content an archive holds. */
export function distinctLayers({ images }: Archive): number {
  return new Set(images.flatMap(({ layers }) => layers.map(({ diffId }) => diffId))).size;
}
