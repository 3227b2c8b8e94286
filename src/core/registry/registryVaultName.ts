import { DrydockError, failure } from '../errors.ts';
import { tryParseImageName } from '../oci/imageName.ts';

const scheme = 'registry://';

/** The repository of a registry in which a vault lies. */
export interface RegistryVaultPlace {
  readonly host: string;
  readonly path: string;
}

/** Whether `text` names a vault in a registry, and not a folder. */
export function isRegistryVault(text: string): boolean {
  return text.startsWith(scheme);
}

/**
 * Reads `registry://HOST/REPOSITORY`. The first part is the host in any case, other than in names of images. Throws
 * `badVaultPlace`.
 */
export function parseRegistryVault(text: string): RegistryVaultPlace {
  const [host = '', ...parts] = isRegistryVault(text)
    ? text.slice(scheme.length).replace(/\/+$/, '').split('/')
    : [];
  // A port marks it as the host for who reads names of images.
  const hasMark = /[.:]/.test(host) || host === 'localhost';
  const name = tryParseImageName(`${hasMark ? host : `${host}:443`}/${parts.join('/')}`);
  const isPlace = parts.length > 0 && !text.slice(scheme.length + host.length).includes(':');
  if (name === undefined || !isPlace || host === '')
    throw failure('badVaultPlace', { text: text.slice(0, 300) });
  return { host: hasMark ? name.registry : host, path: name.repository };
}

/** What the vault is called that `text` names; undefined where it names none. */
export function tryRegistryVaultText(text: string): string | undefined {
  try {
    return registryVaultText(parseRegistryVault(text));
  } catch (error) {
    if (error instanceof DrydockError) return undefined;
    throw error;
  }
}

/** What such a vault is called. */
export function registryVaultText({ host, path }: RegistryVaultPlace): string {
  return `${scheme}${host}/${path}`;
}
