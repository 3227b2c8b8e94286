/** Distribution's registry on this machine, for tests: plain, with a password, with TLS of an authority of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { RemoteRegistry } from '../../src/core/registry/remoteRepository.ts';
import { registryHere } from './registryHere.ts';

const run = promisify(execFile);

export const password = { username: 'dock', password: 'open sesame' } as const;
/** bcrypt of that password at its lowest cost. */
const passwordFile = 'dock:$2b$04$4i4ijh6wraCU/4KW/Boos.FYil5NEgqgKdRwUgw9fEehtfuWADpzS\n';

export interface RealRegistryOptions {
  readonly wantsPassword?: boolean;
  readonly usesTls?: boolean;
}

export class RealRegistry {
  readonly host: string;
  /** With `<host>/ca.crt` in it, where it speaks TLS. */
  readonly certificates: string;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, host: string, certificates: string) {
    this.#child = child;
    this.host = host;
    this.certificates = certificates;
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }
}

/** Starts one on a free port, or on `port`, with its data in `folder`. */
export async function startRealRegistry(
  folder: string,
  { wantsPassword = false, usesTls = false, port = 0 }: RealRegistryOptions & { readonly port?: number } = {},
): Promise<RealRegistry> {
  const path = process.env['DRYDOCK_TEST_REGISTRY'];
  if (path === undefined) throw new Error('DRYDOCK_TEST_REGISTRY does not name docker-registry.');
  const certificates = join(folder, 'certs');
  await mkdir(join(folder, 'data'), { recursive: true });
  await mkdir(certificates, { recursive: true });
  await writeFile(join(folder, 'htpasswd'), passwordFile);
  if (usesTls) await makeCertificates(certificates);
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(folder, 'data') },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      ...(usesTls && {
        tls: { certificate: join(certificates, 'server.pem'), key: join(certificates, 'server.key') },
      }),
    },
    ...(wantsPassword && { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } }),
  };
  const configPath = join(folder, 'config.yml');
  // JSON is YAML.
  await writeFile(configPath, JSON.stringify(config));
  const child = spawn(path, ['serve', configPath], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const said: string[] = [];
  const host = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`docker-registry ended: ${said.join('\n')}`));
    });
    createInterface(child.stderr).on('line', (line) => {
      if (said.length < 100) said.push(line);
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  if (usesTls) {
    await mkdir(join(certificates, host), { recursive: true });
    await cp(join(certificates, 'ca.pem'), join(certificates, host, 'ca.crt'));
  }
  return new RealRegistry(child, host, certificates);
}

/** A client that knows the password and trusts the authority of a registry of tests. */
export function connectTo({ host, certificates }: RealRegistry): RemoteRegistry {
  return registryHere(host, {
    env: { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: password } }) },
    certificateFolders: [certificates],
  });
}

async function makeCertificates(folder: string): Promise<void> {
  const openssl = (...args: readonly string[]) => run('openssl', [...args], { cwd: folder });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await openssl(...['req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA']);
  await openssl(
    ...['req', ...fresh.slice(0, 5), '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=r'],
  );
  await writeFile(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  await openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-extfile', 'names', '-out', 'server.pem'],
  );
}

/** skopeo, the other client: it trusts what `certificates` says, and knows the password. */
export async function skopeo(...args: readonly string[]): Promise<string> {
  const path = process.env['DRYDOCK_TEST_SKOPEO'] ?? 'skopeo';
  return (await run(path, ['--insecure-policy', ...args], { maxBuffer: 64 << 20 })).stdout;
}
