import { access } from 'node:fs/promises';
import { posix } from 'node:path';
import { failure } from '../core/errors.ts';
import { variable } from './configFiles.ts';
import { currentContextName, readContext } from './contextStore.ts';
import { parseAddress, withoutSecrets } from './parseAddress.ts';
import { environmentTls } from './tlsFiles.ts';

/** What a TLS connection is made with; PEM texts. Without `ca` the system's authorities are asked. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Set when the user told the CLI not to check whom it talks to. */
  readonly skipVerify: boolean;
}

/** How an engine is reached. `address` is what people are shown: no password in it. */
export type Endpoint = { readonly address: string } & (
  | { readonly kind: 'socket'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsMaterial }
  | {
      readonly kind: 'ssh';
      readonly host: string;
      readonly user?: string;
      readonly port?: number;
      /** The engine's socket over there, when it is not the one its own CLI would choose. */
      readonly remoteSocket?: string;
    }
);

/** Where the choice came from, for people to be told. */
export type EndpointOrigin =
  | { readonly kind: 'setting' }
  | { readonly kind: 'environment' }
  | { readonly kind: 'context'; readonly name: string }
  | { readonly kind: 'default' };

export interface ChosenEndpoint {
  readonly endpoint: Endpoint;
  readonly origin: EndpointOrigin;
}

/** What the machine says about itself; given in, so that the choice can be tested. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

export type Exists = (path: string) => Promise<boolean>;

/**
 * Chooses the endpoint as the Docker CLI does.
 *
 * 1. `setting`: an address, or `context:NAME`.
 * 2. DOCKER_HOST, with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.
 * 3. DOCKER_CONTEXT.
 * 4. `currentContext` of config.json.
 * 5. The default socket; where that is missing, the first there is of Docker Desktop's, the rootless engine's and
 *    Podman's.
 *
 * Rejects with `contextUnknown`, `contextBroken` or `endpointUnsupported`.
 */
export async function chooseEndpoint(
  around: Surroundings,
  setting = '',
  exists: Exists = pathExists,
): Promise<ChosenEndpoint> {
  const asked = setting.trim();
  if (asked.startsWith('context:')) {
    return contextEndpoint(around, asked.slice('context:'.length).trim(), exists);
  }
  if (asked !== '') return { endpoint: await addressEndpoint(around, asked), origin: { kind: 'setting' } };
  if (variable(around, 'DOCKER_HOST')) return defaultEndpoint(around, exists);
  const name = variable(around, 'DOCKER_CONTEXT') ?? (await currentContextName(around));
  return contextEndpoint(around, name, exists);
}

async function contextEndpoint(around: Surroundings, name: string, exists: Exists): Promise<ChosenEndpoint> {
  if (name === 'default') return defaultEndpoint(around, exists);
  const context = await readContext(around, name);
  const endpoint = parseAddress(context.host, context.tls);
  if (endpoint === undefined)
    throw failure('endpointUnsupported', { endpoint: withoutSecrets(context.host) });
  return { endpoint, origin: { kind: 'context', name } };
}

/** The context that is named `default`: DOCKER_HOST, else the sockets an engine usually listens on. */
async function defaultEndpoint(around: Surroundings, exists: Exists): Promise<ChosenEndpoint> {
  const host = variable(around, 'DOCKER_HOST');
  if (host !== undefined)
    return { endpoint: await addressEndpoint(around, host), origin: { kind: 'environment' } };

  const candidates = defaultSockets(around);
  let socketPath = candidates[0] ?? '/var/run/docker.sock';
  for (const candidate of candidates) {
    if (await exists(candidate)) {
      socketPath = candidate;
      break;
    }
  }
  const scheme = around.platform === 'win32' ? 'npipe' : 'unix';
  return {
    endpoint: { kind: 'socket', socketPath, address: `${scheme}://${socketPath}` },
    origin: { kind: 'default' },
  };
}

async function addressEndpoint(around: Surroundings, address: string): Promise<Endpoint> {
  const endpoint = parseAddress(address, await environmentTls(around));
  if (endpoint === undefined) throw failure('endpointUnsupported', { endpoint: withoutSecrets(address) });
  return endpoint;
}

/** Sockets in the order in which they are tried; the first is the CLI's own default. */
export function defaultSockets(around: Surroundings): readonly string[] {
  if (around.platform === 'win32') {
    return ['//./pipe/docker_engine', '//./pipe/dockerDesktopLinuxEngine', '//./pipe/podman-machine-default'];
  }
  const inHome = (path: string): string => posix.join(around.home, path);
  const runtime = variable(around, 'XDG_RUNTIME_DIR');
  return [
    '/var/run/docker.sock',
    inHome('.docker/run/docker.sock'),
    inHome('.docker/desktop/docker.sock'),
    ...(runtime !== undefined ? [`${runtime}/docker.sock`, `${runtime}/podman/podman.sock`] : []),
    ...(around.platform === 'darwin' ? [inHome('.local/share/containers/podman/machine/podman.sock')] : []),
    '/run/podman/podman.sock',
  ];
}

async function pathExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    // Denied is there too: the engine's own answer to connecting says more than a guess here.
    (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'ENOENT'),
  );
}
