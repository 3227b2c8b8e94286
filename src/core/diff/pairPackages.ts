import { Pacer } from '../archive/pacer.ts';
import type { InstalledPackage } from '../packages/installedPackage.ts';
import { versionOrder } from '../packages/versionOrder.ts';
import type { PackageChange } from './diffReport.ts';

/**
 * What became of the packages of one side on the other.
 *
 * 1. Packages of one name in one place pair up in the order of their versions, as several kernels do.
 * 2. What is left in one place pairs up with what is left elsewhere: a package whose folder or architecture is another.
 * 3. Versions of another text that their manager takes for the same were rewritten: what is in them may differ, as with
 *    the build metadata of npm. What has no partner was added or removed.
 *
 * Sorted by manager and name; a package that changed likewise in many places is listed once. Rejects with an AbortError.
 */
export async function pairPackages(
  left: readonly InstalledPackage[],
  right: readonly InstalledPackage[],
  signal: AbortSignal,
): Promise<readonly PackageChange[]> {
  const pacer = new Pacer();
  const changes = new Map<string, PackageChange>();
  const note = (change: PackageChange): void => void changes.set(JSON.stringify(change), change);
  const pairBy = async (
    some: readonly InstalledPackage[],
    others: readonly InstalledPackage[],
    keyOf: (one: InstalledPackage) => string,
  ): Promise<readonly [InstalledPackage[], InstalledPackage[]]> => {
    const [lone, otherLone]: [InstalledPackage[], InstalledPackage[]] = [[], []];
    const [mine, theirs] = [Map.groupBy(some, keyOf), Map.groupBy(others, keyOf)];
    for (const key of new Set([...mine.keys(), ...theirs.keys()])) {
      if (pacer.isDue) await pacer.pause();
      signal.throwIfAborted();
      const [ones, twins] = [
        differing(mine.get(key), theirs.get(key)),
        differing(theirs.get(key), mine.get(key)),
      ];
      for (let at = 0; at < Math.max(ones.length, twins.length); at++) {
        const [one, twin] = [ones[at], twins[at]];
        if (one && twin) {
          const order = versionOrder[one.manager](one.version, twin.version);
          note(changeOf(order < 0 ? 'upgraded' : order > 0 ? 'downgraded' : 'rewritten', one, twin));
        } else if (one) lone.push(one);
        else if (twin) otherLone.push(twin);
      }
    }
    return [lone, otherLone];
  };
  const [lone, otherLone] = await pairBy(left, right, ({ manager, name, place }) =>
    JSON.stringify([manager, name, place]),
  );
  const [gone, come] = await pairBy(lone, otherLone, ({ manager, name }) => JSON.stringify([manager, name]));
  for (const one of gone) note(changeOf('removed', one, undefined));
  for (const one of come) note(changeOf('added', undefined, one));
  return [...changes.values()].sort(byName);
}

/** Those of which the other side has no version like it, in the order of their versions. */
function differing(
  some: readonly InstalledPackage[] = [],
  others: readonly InstalledPackage[] = [],
): readonly InstalledPackage[] {
  const versions = new Set(others.map(({ version }) => version));
  const own = new Map(some.filter(({ version }) => !versions.has(version)).map((one) => [one.version, one]));
  return [...own.values()].sort((one, other) => versionOrder[one.manager](one.version, other.version));
}

function changeOf(
  kind: PackageChange['kind'],
  left: InstalledPackage | undefined,
  right: InstalledPackage | undefined,
): PackageChange {
  const { manager, name } = right ?? left ?? { manager: 'npm' as const, name: '' };
  const architecture = (right ?? left)?.architecture;
  return {
    manager,
    name,
    kind,
    ...(architecture !== undefined && { architecture }),
    ...(left && { left: left.version }),
    ...(right && { right: right.version }),
  };
}

function byName(one: PackageChange, other: PackageChange): number {
  if (one.manager !== other.manager) return one.manager < other.manager ? -1 : 1;
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return 0;
}
