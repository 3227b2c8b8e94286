import { compareAlpineVersions } from './apkVersion.ts';
import { compareDebianVersions } from './debianVersion.ts';
import type { PackageManager } from './installedPackage.ts';
import { comparePythonVersions } from './pythonVersion.ts';
import { compareRpmVersions } from './rpmVersion.ts';
import { compareSemanticVersions } from './semanticVersion.ts';

/** Negative where `one` is earlier than `other`, as the manager itself has it. */
export const versionOrder: Readonly<Record<PackageManager, (one: string, other: string) => number>> = {
  dpkg: compareDebianVersions,
  apk: compareAlpineVersions,
  rpm: compareRpmVersions,
  npm: compareSemanticVersions,
  pip: comparePythonVersions,
};
