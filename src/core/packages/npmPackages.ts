import * as z from 'zod';
import { parseJson } from '../oci/parseJson.ts';
import type { InstalledPackage } from './installedPackage.ts';

const word = z.string().min(1).max(1024);
const packageJson = z.object({
  name: word.optional().catch(undefined),
  version: word.optional().catch(undefined),
});
const packageLock = z.object({
  packages: z
    .record(
      z.string(),
      z.object({ version: word.optional().catch(undefined), link: z.boolean().optional().catch(undefined) }),
    )
    .default({}),
});

/**
 * The package of a `package.json` in `node_modules`; none for one that only says how a folder's files are to be loaded.
 * Throws `badJson`.
 */
export function npmPackage(bytes: Uint8Array, path: string): readonly InstalledPackage[] {
  const { name, version } = parseJson(bytes, packageJson, `/${path}`);
  if (version === undefined) return [];
  const place = path.slice(0, -'/package.json'.length);
  return [{ manager: 'npm', name: name ?? nameOf(place), version, place }];
}

/** The packages that npm notes in `node_modules/.package-lock.json`. Throws `badJson`. */
export function lockedNpmPackages(bytes: Uint8Array, path: string): readonly InstalledPackage[] {
  const { packages } = parseJson(bytes, packageLock, `/${path}`);
  const above = path.slice(0, -'node_modules/.package-lock.json'.length);
  return Object.entries(packages).flatMap(([folder, { version, link }]) =>
    version === undefined || link === true || !folder.startsWith('node_modules/')
      ? []
      : [{ manager: 'npm' as const, name: nameOf(folder), version, place: `${above}${folder}` }],
  );
}

/** `…/node_modules/@scope/name` */
function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
