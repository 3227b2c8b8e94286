/** What the place of a file says it is there for. */
export type PathKind =
  | { readonly code: 'packageCache'; readonly cache: PackageCache }
  | { readonly code: 'logs' | 'temporaryFiles' };

/** Where a package manager keeps what it needs only while it works. */
export interface PackageCache {
  readonly tool: string;
  /** Empties it, for the end of the same RUN. */
  readonly command: string;
  /** What `--mount=type=cache` would take. */
  readonly folder: string;
}

const cache = (tool: string, command: string, folder: string): PathKind => ({
  code: 'packageCache',
  cache: { tool, command, folder },
});
const apt = cache('apt', 'rm -rf /var/lib/apt/lists/* /var/cache/apt/*', '/var/cache/apt');
const yum = cache('yum', 'yum clean all', '/var/cache/yum');
const dnf = cache('dnf', 'dnf clean all', '/var/cache/dnf');
const apk = cache('apk', 'apk add --no-cache', '/var/cache/apk');
const go = cache('go', 'go clean -cache -modcache', '/root/.cache/go-build');
const cargo = cache('cargo', 'rm -rf "$CARGO_HOME/registry" "$CARGO_HOME/git"', '/usr/local/cargo/registry');
const composer = cache('composer', 'composer clear-cache', '/root/.composer/cache');
const yarn = cache('yarn', 'yarn cache clean', '/usr/local/share/.cache/yarn');

/** Folders by their whole path. */
const folders: ReadonlyMap<string, PathKind> = new Map([
  ['var/lib/apt/lists', apt],
  ['var/cache/apt', apt],
  ['var/cache/apk', apk],
  ['etc/apk/cache', apk],
  ['var/cache/yum', yum],
  ['var/cache/dnf', dnf],
  ['var/cache/libdnf5', dnf],
  ['var/cache/zypp', cache('zypper', 'zypper clean --all', '/var/cache/zypp')],
  ['var/cache/pacman/pkg', cache('pacman', 'pacman -Scc --noconfirm', '/var/cache/pacman/pkg')],
  ['usr/local/cargo/registry', cargo],
  ['usr/local/cargo/git', cargo],
  ['var/log', { code: 'logs' }],
  ['tmp', { code: 'temporaryFiles' }],
  ['var/tmp', { code: 'temporaryFiles' }],
]);

/** Folders by how their path ends, for home folders of any user. */
const endings: readonly (readonly [string, PathKind])[] = [
  ['.cache/pip', cache('pip', 'pip install --no-cache-dir', '/root/.cache/pip')],
  ['.cache/uv', cache('uv', 'uv cache clean', '/root/.cache/uv')],
  ['.cache/pypoetry', cache('poetry', 'poetry cache clear --all .', '/root/.cache/pypoetry')],
  ['.npm/_cacache', cache('npm', 'npm cache clean --force', '/root/.npm')],
  ['.npm/_logs', { code: 'logs' }],
  ['.cache/yarn', yarn],
  ['.yarn/berry/cache', yarn],
  ['share/pnpm/store', cache('pnpm', 'pnpm store prune', '/root/.local/share/pnpm/store')],
  ['.bun/install/cache', cache('bun', 'bun pm cache rm', '/root/.bun/install/cache')],
  ['.cache/go-build', go],
  ['go/pkg/mod', go],
  ['.cargo/registry', cargo],
  ['.cargo/git', cargo],
  ['.composer/cache', composer],
  ['.cache/composer', composer],
  ['.m2/repository', cache('maven', 'rm -rf ~/.m2/repository', '/root/.m2')],
  ['.gradle/caches', cache('gradle', 'rm -rf ~/.gradle/caches', '/root/.gradle')],
  ['conda/pkgs', cache('conda', 'conda clean --all --yes', '/opt/conda/pkgs')],
];
const endingsByName: ReadonlyMap<string, readonly (readonly [string, PathKind])[]> = Map.groupBy(
  endings,
  ([path]) => path.slice(path.lastIndexOf('/') + 1),
);

const gem = cache('gem', 'gem install --no-document && gem sources --clear-all', '/usr/local/bundle/cache');
const gemCache = /(^|\/)(gems\/[\d.]+|bundle)\/cache$/;

/** What a folder is for; `path` as `entryNames.ts` writes paths. What lies in it is for the same. */
export function folderKind(path: string): PathKind | undefined {
  const whole = folders.get(path);
  if (whole !== undefined) return whole;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'cache' && gemCache.test(path)) return gem;
  return endingsByName.get(name)?.find(([ending]) => path.endsWith(`/${ending}`) || path === ending)?.[1];
}

/** What a file is for by the folders it is in. */
export function pathKind(path: string): PathKind | undefined {
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const kind = folderKind(path.slice(0, at));
    if (kind !== undefined) return kind;
  }
  return undefined;
}

/** Programs that build, by what they are called where programs lie. */
const toolNames: readonly (readonly [RegExp, string])[] = [
  [/^(?:[\w.]+-linux-\w+-)?(?:gcc|g\+\+|cpp|cc|c\+\+)(?:-[\d.]+)?$/, 'gcc'],
  [/^clang(?:\+\+)?(?:-[\d.]+)?$/, 'clang'],
  [/^g?make$/, 'make'],
  [/^cmake$/, 'cmake'],
  [/^ninja$/, 'ninja'],
  [/^(?:cargo|rustc)$/, 'rust'],
  [/^javac$/, 'javac'],
];
/** And the folders that are theirs. */
const toolFolders: readonly (readonly [RegExp, string])[] = [
  [/^usr\/lib(?:exec)?\/gcc(?:-cross)?$/, 'gcc'],
  [/^usr\/(?:local\/go|lib\/go(?:-[\d.]+)?)$/, 'go'],
  [/^(?:usr\/local\/rustup|root\/\.rustup)\/toolchains$/, 'rust'],
  [/^usr\/share\/cmake(?:-[\d.]+)?$/, 'cmake'],
  [/^usr\/share\/maven$/, 'maven'],
];
const programFolder = /^(?:usr\/(?:local\/)?|opt\/[^/]+\/|usr\/lib\/jvm\/[^/]+\/)?bin$/;

/** The tool for building that a folder holds. */
export function toolOfFolder(path: string): string | undefined {
  return toolFolders.find(([pattern]) => pattern.test(path))?.[1];
}

/** The tool for building that a program is; `folder` is where it lies. */
export function toolOfProgram(folder: string, name: string): string | undefined {
  if (name.length > 40 || !programFolder.test(folder)) return undefined;
  return toolNames.find(([pattern]) => pattern.test(name))?.[1];
}
