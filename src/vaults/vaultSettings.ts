import { isAbsolute, join, normalize } from 'node:path';
import type { VaultSetting } from '../contributions.ts';
import { isRegistryVault, tryRegistryVaultText } from '../core/registry/registryVaultName.ts';

const maxVaults = 100;
const maxText = 4_000;

/**
 * Reads the setting `vaults`. A folder must be absolute or start with `~/`, a vault in a registry is
 * `registry://HOST/REPOSITORY`; what is no vault, and a folder that was
 * named before, is passed over. A vault without a name has that of its folder.
 */
export function parseVaultSettings(value: unknown, home: string): readonly VaultSetting[] {
  if (!Array.isArray(value)) return [];
  const entries = value.slice(0, maxVaults).flatMap((entry: unknown) => parseVault(entry, home) ?? []);
  return [...new Map(entries.reverse().map((entry) => [entry.path, entry])).values()].reverse();
}

/** The vault that is used where nobody chose: the one of that name. Where none has it, nothing is taken for granted. */
export function defaultVaultOf<V extends VaultSetting>(vaults: readonly V[], name: string): V | undefined {
  return vaults.find((vault) => vault.name === name);
}

function parseVault(value: unknown, home: string): VaultSetting | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, path } = value as Readonly<Record<string, unknown>>;
  if (typeof path !== 'string' || path.length > maxText || path.includes('\0')) return undefined;
  const isNamed = typeof name === 'string' && name.trim() !== '' && name.length <= maxText;
  if (isRegistryVault(path)) {
    const place = tryRegistryVaultText(path);
    return place === undefined ? undefined : { name: isNamed ? name.trim() : nameOf(place), path: place };
  }
  const full = /^~[\\/]/.test(path) ? join(home, path.slice(2)) : path;
  if (!isAbsolute(full)) return undefined;
  const folder = withoutEnd(normalize(full));
  return { name: isNamed ? name.trim() : nameOf(folder), path: folder };
}

/** Without the separator at its end, which a root keeps. */
function withoutEnd(path: string): string {
  const bare = path.replace(/[\\/]+$/, '');
  return isAbsolute(bare) ? bare : path;
}

function nameOf(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}
