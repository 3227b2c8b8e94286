import { parseImageConfig, type Descriptor, type ImageConfig } from '../oci/manifest.ts';
import { isImageConfigType } from '../oci/mediaTypes.ts';
import type { RemoteRepository } from '../registry/remoteRepository.ts';
import type { CancelOptions } from '../vault/blobStore.ts';

const maxConfigBytes = 4 << 20;
const createdName = 'org.opencontainers.image.created';

/** The config of an image; undefined where it is something else, or larger than any config. */
export async function readConfig(
  repository: RemoteRepository,
  { digest, size, mediaType }: Descriptor,
  cancel: CancelOptions,
): Promise<ImageConfig | undefined> {
  if (!isImageConfigType(mediaType) || size > maxConfigBytes) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of repository.openBlob({ digest, sizeBytes: size }, cancel)) pieces.push(piece);
  return parseImageConfig(Buffer.concat(pieces), `${repository.path}@${digest}`);
}

/** When a document was made by what stands on it, in milliseconds since 1970. */
export function createdIn(
  annotations: Readonly<Record<string, string>> | null | undefined,
): number | undefined {
  return timeIn(annotations?.[createdName]);
}

/** Reproducible builds say 1970, which tells nobody how old they are. */
export function timeIn(text: string | undefined): number | undefined {
  const time = text === undefined || text.length > 100 ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}
