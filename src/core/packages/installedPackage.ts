export type PackageManager = 'dpkg' | 'apk' | 'rpm' | 'npm' | 'pip';

/** A package as its manager notes it in the file system. */
export interface InstalledPackage {
  readonly manager: PackageManager;
  readonly name: string;
  /** As the manager writes it, with an epoch where there is one. */
  readonly version: string;
  readonly architecture?: string;
  /** What tells it apart from others of its name: the folder of an npm package, the architecture. */
  readonly place: string;
}
