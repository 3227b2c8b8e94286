import { isRegistryHost, isRepositoryPath } from '../core/registry/remoteName.ts';

/** A registry of the settings. */
export interface KnownRegistry {
  readonly host: string;
  /** Repositories that a person named: many registries list none. */
  readonly repositories: readonly string[];
  /** Speak http to it although it is not this machine. */
  readonly isPlainHttp: boolean;
}

const maxRegistries = 100;
const maxRepositories = 1_000;

/** Reads the setting `registries`. What names no registry, and a host that was named before, is passed over. */
export function parseRegistrySettings(value: unknown): readonly KnownRegistry[] {
  if (!Array.isArray(value)) return [];
  const found = new Map<string, KnownRegistry>();
  for (const entry of value.slice(0, maxRegistries)) {
    const known = parseRegistry(entry);
    if (known !== undefined && !found.has(known.host)) found.set(known.host, known);
  }
  return [...found.values()];
}

/** The host that a person means who gives an address or a name; undefined where that is none. */
export function hostIn(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/+$/, '');
  if (/^(?:index\.docker\.io(?:\/v1)?|registry-1\.docker\.io|hub\.docker\.com)$/i.test(bare))
    return 'docker.io';
  return isRegistryHost(bare) ? bare : undefined;
}

function parseRegistry(value: unknown): KnownRegistry | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { host, repositories, plainHttp } = value as Readonly<Record<string, unknown>>;
  const named = typeof host === 'string' ? hostIn(host) : undefined;
  if (named === undefined) return undefined;
  const paths = Array.isArray(repositories) ? repositories.slice(0, maxRepositories) : [];
  return {
    host: named,
    repositories: [
      ...new Set(paths.filter((path): path is string => typeof path === 'string' && isRepositoryPath(path))),
    ],
    isPlainHttp: plainHttp === true,
  };
}
