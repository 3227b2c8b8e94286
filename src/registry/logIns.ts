import { join } from 'node:path';
import * as z from 'zod';
import { failure, isCancellation, reasonOf } from '../core/errors.ts';
import { parseJson } from '../core/oci/parseJson.ts';
import { configFolder, readSmallFile, variable } from '../docker/configFiles.ts';
import type { Surroundings } from '../docker/endpoint.ts';
import { askCredentialHelper } from './credentialHelper.ts';

/** How somebody is known to a registry. Read anew each time and kept nowhere. */
export type LogIn =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** Changed for an access token where the registry says. */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent as it is. */
  | { readonly kind: 'bearer'; readonly token: string };

const text = z.string().max(1 << 20);
const entry = z.looseObject({
  auth: text.nullish(),
  username: text.nullish(),
  password: text.nullish(),
  identitytoken: text.nullish(),
  registrytoken: text.nullish(),
});
const config = z.looseObject({
  auths: z.record(z.string(), entry.nullish()).nullish(),
  credHelpers: z.record(z.string(), text).nullish(),
  credsStore: text.nullish(),
});
type Config = z.output<typeof config>;

/** The key of Docker's own registry, from its first days. */
const hubKey = 'https://index.docker.io/v1/';
/** What a helper calls a secret that is an identity token. */
const tokenUser = '<token>';

/**
 * The log-in for a registry as the Docker CLI has it: 1. DOCKER_AUTH_CONFIG, 2. in config.json `credHelpers` of this
 * host, 3. `credsStore`, 4. `auths`, whose keys may be hosts or URLs. Rejects with `logInUnreadable`, without any
 * secret in it.
 */
export async function findLogIn(
  around: Surroundings,
  host: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<LogIn | undefined> {
  const path = join(configFolder(around), 'config.json');
  try {
    const given = variable(around, 'DOCKER_AUTH_CONFIG');
    const ofEnvironment = given === undefined ? undefined : inAuths(read(given, 'DOCKER_AUTH_CONFIG'), host);
    if (ofEnvironment !== undefined) return ofEnvironment;
    const file = await readSmallFile(path);
    if (file === undefined || file.trim() === '') return undefined;
    const parsed = read(file, path);
    return (await fromHelper(around, parsed, host, signal)) ?? inAuths(parsed, host);
  } catch (error) {
    if (isCancellation(error)) throw error;
    throw failure('logInUnreadable', { host, reason: reasonOf(error) }, error);
  }
}

/** Parsing tells where a document is wrong and never what stands there. */
function read(document: string, where: string): Config {
  try {
    return parseJson(Buffer.from(document), config, where);
  } catch {
    throw new Error(`${where} is not what it should be`);
  }
}

async function fromHelper(
  around: Surroundings,
  { credHelpers, credsStore }: Config,
  host: string,
  signal: AbortSignal | undefined,
): Promise<LogIn | undefined> {
  const own = Object.entries(credHelpers ?? {}).find(([key]) => isOf(key, host));
  const name = own?.[1] ?? credsStore ?? '';
  if (name === '') return undefined;
  const server = host === 'docker.io' ? hubKey : (own?.[0] ?? host);
  const found = await askCredentialHelper({ name, server, env: around.env }, signal && { signal });
  if (found === undefined || found.secret === '') return undefined;
  if (found.user === tokenUser) return { kind: 'identity', token: found.secret };
  return { kind: 'password', user: found.user, password: found.secret };
}

/** The exact key goes before one that names the same host with a scheme or a path. */
function inAuths({ auths }: Config, host: string): LogIn | undefined {
  const keys = Object.keys(auths ?? {});
  const exact = keys.filter((key) => key === (host === 'docker.io' ? hubKey : host));
  for (const key of [...exact, ...keys.filter((one) => isOf(one, host))]) {
    const found = logInOf(auths?.[key] ?? undefined, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function logInOf(of: z.output<typeof entry> | undefined, key: string): LogIn | undefined {
  if (of === undefined) return undefined;
  if (of.identitytoken) return { kind: 'identity', token: of.identitytoken };
  if (of.registrytoken) return { kind: 'bearer', token: of.registrytoken };
  if (of.auth) {
    const [user = '', ...rest] = Buffer.from(of.auth, 'base64').toString('utf8').split(':');
    if (rest.length === 0) throw new Error(`the entry "${key.slice(0, 100)}" holds no user and password`);
    // Some tools wrote a zero byte behind it.
    return { kind: 'password', user, password: rest.join(':').replace(/\0+$/, '') };
  }
  if (of.username) return { kind: 'password', user: of.username, password: of.password ?? '' };
  return undefined;
}

function isOf(key: string, host: string): boolean {
  const named = key
    .replace(/^https?:\/\//, '')
    .split('/')[0]
    ?.toLowerCase();
  if (host === 'docker.io')
    return named === 'index.docker.io' || named === 'docker.io' || named === 'registry-1.docker.io';
  return named === host.toLowerCase();
}
