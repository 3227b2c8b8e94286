import { Pacer } from '../archive/pacer.ts';
import { failure } from '../errors.ts';
import { berkeleyValues, isBerkeleyHash } from './berkeleyHash.ts';
import type { InstalledPackage } from './installedPackage.ts';
import { isNdb, ndbBlobs } from './ndbBlobs.ts';
import { packageOfHeader } from './rpmHeader.ts';
import { isSqlite, sqliteBlobs } from './sqliteBlobs.ts';

/**
 * The packages in a database of rpm, in any of the three forms that rpm has had: Berkeley DB up to 4.15, SQLite, and
 * ndb, which SUSE uses. Throws `packageListBad`.
 */
export async function rpmPackages(
  { database, name }: { readonly database: Buffer; readonly name: string },
  signal: AbortSignal,
): Promise<readonly InstalledPackage[]> {
  const pacer = new Pacer();
  const packages: InstalledPackage[] = [];
  let gatheredBytes = 0;
  for (const header of headersIn(database, name)) {
    gatheredBytes += header?.length ?? 0;
    if (gatheredBytes > database.length)
      throw failure('packageListBad', { name, reason: 'its packages share their bytes' });
    const found = header && packageOfHeader(header, name);
    if (found !== undefined) packages.push(found);
    if (pacer.isDue) await pacer.pause();
    signal.throwIfAborted();
  }
  return packages;
}

/** Undefined for a step on the way to the next one. */
function headersIn(database: Buffer, name: string): Iterable<Buffer | undefined> {
  if (isSqlite(database)) return sqliteBlobs(database, { table: 'Packages', name });
  if (isNdb(database)) return ndbBlobs(database, name);
  if (isBerkeleyHash(database)) return berkeleyValues(database, name);
  throw failure('packageListBad', { name, reason: 'it is no database that rpm writes' });
}
