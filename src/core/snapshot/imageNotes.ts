import * as z from 'zod';
import { isDigest, type Digest } from '../digest.ts';
import { DrydockError } from '../errors.ts';
import { parseJson } from '../oci/parseJson.ts';
import type { OciDescriptor } from '../vault/snapshotDocuments.ts';
import type { SnapshotImage } from './snapshot.ts';

/** What a snapshot's index says of an image beside its descriptor. */
export type ImageNotes = Pick<SnapshotImage, 'id' | 'tags' | 'role'>;

const idName = 'dev.drydock.image.id';
const tagsName = 'dev.drydock.image.tags';
const roleName = 'dev.drydock.image.role';
const tagList = z.array(z.string().max(1024)).max(10_000);

/** `target` as it stands in the snapshot's index. */
export function withImageNotes(target: OciDescriptor, { id, tags, role }: ImageNotes): OciDescriptor {
  const notes = { [idName]: id, [tagsName]: JSON.stringify(tags), [roleName]: role };
  return { ...target, annotations: { ...target.annotations, ...notes } };
}

/** The notes of a descriptor in a snapshot's index; undefined for one that only belongs to an image's index. */
export function imageNotesOf(
  annotations: Readonly<Record<string, string>> | null | undefined,
  where: string,
): ImageNotes | undefined {
  const id: Digest | undefined = [annotations?.[idName] ?? ''].find(isDigest);
  if (id === undefined) return undefined;
  const role = annotations?.[roleName] === 'writable' ? 'writable' : 'image';
  return { id, role, tags: tagsIn(annotations?.[tagsName] ?? '[]', where) };
}

function tagsIn(text: string, where: string): readonly string[] {
  try {
    return parseJson(Buffer.from(text), tagList, where);
  } catch (error) {
    // Names can be given anew; the image can't.
    if (error instanceof DrydockError && error.code === 'badJson') return [];
    throw error;
  }
}
