import { failure } from '../errors.ts';

/** An image's name in its full parts. Source: distribution/reference, grammar and "familiar names". */
export interface ImageName {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

const defaultRegistry = 'docker.io';
const registryPattern = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/** Reads `repository:tag` in any of its short forms; `x` is `docker.io/library/x:latest`. Throws `badReference`. */
export function parseImageName(text: string): ImageName {
  const name = tryParseImageName(text);
  if (name === undefined) throw failure('badReference', { text: text.slice(0, 300) });
  return name;
}

/** As {@link parseImageName}, with nothing for what is not a name. */
export function tryParseImageName(text: string): ImageName | undefined {
  const [first = '', ...rest] = text.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = !hasRegistry || first === 'index.docker.io' ? defaultRegistry : first;
  const [path = '', tag = 'latest', ...more] = (hasRegistry ? rest.join('/') : text).split(':');
  const repository = registry === defaultRegistry && !path.includes('/') ? `library/${path}` : path;
  const isValid =
    more.length === 0 &&
    registryPattern.test(registry) &&
    repository.length + registry.length < 255 &&
    repository.split('/').every((component) => componentPattern.test(component)) &&
    tagPattern.test(tag) &&
    // Docker takes 64 hex digits for an ID, never for a name.
    !/^[0-9a-f]{64}$/.test(text);
  return isValid ? { registry, repository, tag } : undefined;
}

/** The full form, as containerd stores it. */
export function fullName({ registry, repository, tag }: ImageName): string {
  return `${registry}/${repository}:${tag}`;
}

/** The form in which Docker shows a name: without its own registry and without `library/`. */
export function familiarName({ registry, repository, tag }: ImageName): string {
  if (registry !== defaultRegistry) return `${registry}/${repository}:${tag}`;
  return `${repository.replace(/^library\/(?=[^/]+$)/, '')}:${tag}`;
}

/** Whether two texts name the same image, whatever their form. */
export function isSameName(a: string, b: string): boolean {
  const [left, right] = [tryParseImageName(a), tryParseImageName(b)];
  if (left === undefined || right === undefined) return a === b;
  return fullName(left) === fullName(right);
}
