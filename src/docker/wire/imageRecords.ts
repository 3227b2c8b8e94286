import * as z from 'zod';
import type {
  HistoryEntry,
  ImageDetails,
  ImageSummary,
  Platform,
  Removal,
} from '../../core/engine/records.ts';
import { descriptor } from '../../core/oci/manifest.ts';
import { isIndexType } from '../../core/oci/mediaTypes.ts';
import { count, digest, digestFrom, text, textMap, texts, timeMs } from './parseWire.ts';
import { runConfig } from './runConfig.ts';

/** Before API 1.43 an image without names has one name made of placeholders. */
const named = (names: readonly string[]): readonly string[] =>
  names.filter((name) => !name.includes('<none>'));

/** A row of `GET /images/json`. */
export const imageSummary = z
  .object({ Id: digest, RepoTags: texts, RepoDigests: texts, Created: count, Size: count, Labels: textMap })
  .transform((image): ImageSummary => ({
    id: image.Id,
    tags: named(image.RepoTags),
    repoDigests: named(image.RepoDigests),
    createdAtMs: image.Created * 1000,
    sizeBytes: image.Size,
    labels: image.Labels,
  }));

/** `GET /images/{ref}/json`. */
export const imageDetails = z
  .object({
    Id: digest,
    RepoTags: texts,
    RepoDigests: texts,
    Created: text,
    Size: count,
    Os: text,
    Architecture: text,
    Variant: text,
    // Absent on the containerd store when this platform's content is not there.
    RootFS: z.object({ Layers: z.array(digest).nullish() }).nullish(),
    Config: runConfig,
    Author: text,
    Comment: text,
    // Only where it was asked for, and only on the containerd store.
    Manifests: z
      .array(
        z.object({
          ID: digest,
          Available: z.boolean().nullish(),
          Size: z.object({ Content: count.nullish() }).nullish(),
          Descriptor: descriptor.optional().catch(undefined),
        }),
      )
      .nullish(),
    Descriptor: descriptor.nullish().catch(undefined),
  })
  .transform((image): Omit<ImageDetails, 'raw'> => {
    const createdAtMs = timeMs(image.Created);
    const manifests = (image.Manifests ?? []).flatMap(({ Descriptor }) => Descriptor ?? []);
    const { mediaType = '', size: sizeBytes = 0 } = image.Descriptor ?? {};
    return {
      id: image.Id,
      tags: named(image.RepoTags),
      repoDigests: named(image.RepoDigests),
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
      sizeBytes: image.Size,
      platform: platformOf(image.Os, image.Architecture, image.Variant),
      diffIds: image.RootFS?.Layers ?? [],
      config: image.Config,
      ...(image.Author === '' ? {} : { author: image.Author }),
      ...(image.Comment === '' ? {} : { comment: image.Comment }),
      ...(image.Manifests && {
        presentManifests: image.Manifests.filter((one) => one.Available === true).map(({ ID }) => ID),
        presentBytes: new Map(
          image.Manifests.flatMap(({ ID, Available, Size }) =>
            Available === true && typeof Size?.Content === 'number' ? [[ID, Size.Content] as const] : [],
          ),
        ),
        ...(isIndexType(mediaType) && { index: { mediaType, sizeBytes, manifests } }),
      }),
    };
  });

/** A row of `GET /images/{ref}/history`. */
export const historyEntry = z
  .object({ Id: text, Created: count, CreatedBy: text, Size: count, Comment: text, Tags: texts })
  .transform((step): HistoryEntry => {
    const id = digestFrom(step.Id);
    return {
      ...(id === undefined ? {} : { id }),
      // The engine writes a missing time as Go's zero time.
      ...(step.Created > 0 ? { createdAtMs: step.Created * 1000 } : {}),
      createdBy: step.CreatedBy,
      sizeBytes: step.Size,
      comment: step.Comment,
      tags: named(step.Tags),
    };
  });

/** A row of the answer to `DELETE /images/{ref}`. */
export const removal = z
  .object({ Untagged: text, Deleted: text })
  .transform((row): Removal =>
    row.Deleted === '' ? { kind: 'untagged', ref: row.Untagged } : { kind: 'deleted', ref: row.Deleted },
  );

/** A platform; engines leave out what they don't know. */
export function platformOf(os: string, architecture: string, variant: string): Platform {
  return { os, architecture, ...(variant === '' ? {} : { variant }) };
}
