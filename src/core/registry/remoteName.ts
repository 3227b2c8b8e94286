import { isDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { tryParseImageName } from '../oci/imageName.ts';

/** A place in a registry. */
export interface RemoteName {
  /** As people write it; Docker's own is `docker.io`. */
  readonly host: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/**
 * Reads `HOST/REPOSITORY`, with `:TAG` or `@DIGEST` behind it or without; short names mean Docker's own registry, as
 * everywhere. Throws `badRemoteName`.
 */
export function parseRemoteName(text: string): RemoteName {
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const parsed = tryParseImageName(name);
  if (parsed === undefined || (digest !== undefined && !isDigest(digest)))
    throw failure('badRemoteName', { text: text.slice(0, 300) });
  const hasTag = name.slice(name.lastIndexOf('/') + 1).includes(':');
  return {
    host: parsed.registry,
    path: parsed.repository,
    ...(hasTag && { tag: parsed.tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** As people write it. */
export function remoteNameText({ host, path, tag, digest }: RemoteName): string {
  return `${host}/${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

const tagPattern = /^\w[\w.-]{0,127}$/;

/** Whether a registry takes `text` for a tag. Source: distribution-spec, "Pulling manifests". */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Whether `text` can be the path of a repository. */
export function isRepositoryPath(text: string): boolean {
  return tryParseImageName(`localhost/${text}`)?.repository === text;
}

/** The nearest that a tag can be to any text. */
export function tagFor(text: string): string {
  const tag = text
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(-128)
    .replace(/^[.-]+/, '');
  return tag === '' ? 'unnamed' : tag;
}

/** A registry, a repository of it, or a tag of that. */
export interface RemotePlace {
  readonly host: string;
  readonly path?: string;
  readonly tag?: string;
}

/** Whether `text` names a registry as the first part of an image's name does: with a dot or a port, or `localhost`. */
export function isRegistryHost(text: string): boolean {
  return tryParseImageName(`${text}/x/x`)?.registry === text;
}
