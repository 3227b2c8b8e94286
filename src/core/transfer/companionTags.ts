import { isDigest, type Digest } from '../digest.ts';

/** How tags begin that belong to a manifest: the list of its referrers, or what cosign keeps beside it. */
const companion = /^sha256-([0-9a-f]{64})(?:\.\w+)?$/;

/** The manifest that a tag is about; undefined for a tag that people gave. */
export function companionOf(tag: string): Digest | undefined {
  const hex = companion.exec(tag)?.[1];
  const digest = `sha256:${hex ?? ''}`;
  return isDigest(digest) ? digest : undefined;
}

/** Whether such a tag names something itself, and not only lists what refers to the manifest. */
export function isOwnDocument(tag: string): boolean {
  return companionOf(tag) !== undefined && tag.includes('.');
}
