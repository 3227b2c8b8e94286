/** Files that hold secrets, by their names alone. */

/** What a file most likely is: `kind` names it, `isCertain` where its name leaves no doubt. */
export interface SecretFileName {
  readonly kind: string;
  readonly isCertain: boolean;
}

const names: ReadonlyMap<string, string> = new Map([
  ...['id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', 'id_ecdsa_sk', 'id_ed25519_sk'].map(
    (name) => [name, 'SSH'] as const,
  ),
  ['.netrc', 'netrc'],
  ['_netrc', 'netrc'],
  ['.git-credentials', 'git'],
  ['.pypirc', 'PyPI'],
  ['.pgpass', 'PostgreSQL'],
  ['.my.cnf', 'MySQL'],
  ['.dockercfg', 'Docker'],
  ['.env', '.env'],
  ['.npmrc', 'npm'],
  ['.yarnrc.yml', 'yarn'],
  ['terraform.tfstate', 'Terraform'],
  ['.htpasswd', 'htpasswd'],
]);
/** Files that may hold a secret and often hold none: what is in them decides. */
const uncertain: ReadonlySet<string> = new Set(['.npmrc', '.yarnrc.yml', '.htpasswd']);

const endings: readonly (readonly [string, string])[] = [
  ['.aws/credentials', 'AWS'],
  ['.docker/config.json', 'Docker'],
  ['.kube/config', 'Kubernetes'],
  ['.config/gcloud/application_default_credentials.json', 'Google Cloud'],
  ['.azure/accessTokens.json', 'Azure'],
  ['.config/gh/hosts.yml', 'GitHub'],
  ['.gem/credentials', 'RubyGems'],
  ['.cargo/credentials', 'cargo'],
  ['.cargo/credentials.toml', 'cargo'],
  ['.composer/auth.json', 'composer'],
];

const environment =
  /^\.env\.(?!(?:.*\.)?(?:example|sample|template|dist|defaults?|schema|test)$)[\w.-]{1,40}$/i;
const keyStore = /\.(?:p12|pfx|jks|keystore|ppk)$/i;

/** Where packages bring keys and settings for their own tests and documentation. */
const vendored =
  /(^|\/)(node_modules|site-packages|dist-packages|vendor\/bundle|gems|go\/pkg\/mod|testdata|tests?|examples?|doc|docs|usr\/share)\//;

/** What the name of a file gives away; `path` as `entryNames.ts` writes paths. */
export function secretFileName(path: string): SecretFileName | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const kind =
    names.get(name) ??
    (environment.test(name) ? '.env' : undefined) ??
    endings.find(([ending]) => path === ending || path.endsWith(`/${ending}`))?.[1] ??
    (keyStore.test(name) && !/^cacerts\b/.test(name) ? 'key store' : undefined);
  if (kind === undefined || isVendored(path)) return undefined;
  return { kind, isCertain: !uncertain.has(name) && kind !== 'key store' };
}

/** Whether a path is one under which packages bring files of others. */
export function isVendored(path: string): boolean {
  return vendored.test(path);
}
