import { digestOf } from '../digest.ts';
import { annotations as ociNames } from '../oci/mediaTypes.ts';
import { isSnapshot, newEntry, type EntryDescriptor, type IndexEntry } from './snapshotIndex.ts';

/** Annotation of a snapshot's entry with a digest over what it says: index.json has no digest of its own. */
const sealName = 'dev.drydock.seal';
const ownPrefix = 'dev.drydock.';

/** The entry with a seal over all that is ours in it; an entry of another tool stays as it is. */
export function sealed(entry: IndexEntry): IndexEntry {
  const { descriptor, fields } = entry;
  if (descriptor === undefined || !isSnapshot(entry) || !saysAnything(descriptor)) return entry;
  const annotations = { ...descriptor.annotations, [sealName]: sealOf(descriptor) };
  const result = newEntry({ ...descriptor, annotations });
  return { ...result, fields: { ...fields, ...result.fields } };
}

/**
 * Whether an entry says what was sealed: `broken` for one that was changed since, or whose seal is gone. An entry
 * from before there were seals, or of another tool, is `none`.
 */
export function sealState({ descriptor }: IndexEntry): 'whole' | 'broken' | 'none' {
  if (descriptor === undefined || !saysAnything(descriptor)) return 'none';
  return descriptor.annotations[sealName] === sealOf(descriptor) ? 'whole' : 'broken';
}

function saysAnything({ annotations }: EntryDescriptor): boolean {
  return Object.keys(annotations).some((name) => name.startsWith(ownPrefix));
}

/** Over the descriptor and our annotations in the order of their names; others may add theirs. */
function sealOf({ mediaType, artifactType, digest, sizeBytes, annotations }: EntryDescriptor): string {
  const known = new Set<string>([
    ociNames.refName,
    ociNames.containerdName,
    'org.opencontainers.image.created',
  ]);
  const ours = Object.entries(annotations)
    .filter(([name]) => name !== sealName && (name.startsWith(ownPrefix) || known.has(name)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return digestOf(JSON.stringify([mediaType, artifactType ?? '', digest, sizeBytes, ours]));
}
