import type { Endpoint, TlsMaterial } from './endpoint.ts';

/**
 * Reads an address in the form that DOCKER_HOST takes. `tls` is used for tcp only. Anything that is not unix://,
 * npipe://, tcp://, http://, https:// or ssh:// gives undefined, and so does a password: it would be shown.
 */
export function parseAddress(text: string, tls?: TlsMaterial): Endpoint | undefined {
  const address = text.trim();
  if (address.startsWith('unix://')) return socketEndpoint('unix', address.slice('unix://'.length));
  if (address.startsWith('npipe://')) return socketEndpoint('npipe', address.slice('npipe://'.length));

  let url: URL;
  try {
    // The CLI takes a bare `host:port` for tcp.
    url = new URL(address.includes('://') ? address : `tcp://${address}`);
  } catch {
    return undefined;
  }
  if (url.password !== '' || url.hostname === '' || url.search !== '' || url.hash !== '') return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  switch (url.protocol) {
    case 'tcp:':
    case 'http:':
    case 'https:':
      return tcpEndpoint(url, host, url.protocol === 'https:' ? (tls ?? { skipVerify: false }) : tls);
    case 'ssh:':
      return sshEndpoint(url, host);
    default:
      return undefined;
  }
}

/** The address without a password, for people and logs. */
export function withoutSecrets(address: string): string {
  return address.replace(/(:\/\/[^/@:]*):[^/@]*@/, '$1:…@');
}

function socketEndpoint(scheme: 'unix' | 'npipe', path: string): Endpoint | undefined {
  if (path === '' || path.includes('\0')) return undefined;
  return { kind: 'socket', socketPath: path, address: `${scheme}://${path}` };
}

function tcpEndpoint(url: URL, host: string, tls: TlsMaterial | undefined): Endpoint | undefined {
  // A path or a user would have to be sent along with every call; no engine of ours asks for either.
  if ((url.pathname !== '' && url.pathname !== '/') || url.username !== '') return undefined;
  // URL drops the port that is usual for http and https, so those two are asked for by their scheme.
  const usual = { 'http:': 80, 'https:': 443 }[url.protocol] ?? (tls === undefined ? 2375 : 2376);
  const port = url.port === '' ? usual : Number(url.port);
  const shown = `tcp://${url.hostname}:${port}`;
  return { kind: 'tcp', host, port, address: shown, ...(tls === undefined ? {} : { tls }) };
}

function sshEndpoint(url: URL, host: string): Endpoint | undefined {
  const user = decodeURIComponent(url.username);
  const remoteSocket = decodeURIComponent(url.pathname);
  // Words that start with a dash would be read as options by ssh.
  if (host.startsWith('-') || user.startsWith('-')) return undefined;
  return {
    kind: 'ssh',
    host,
    address: `ssh://${user === '' ? '' : `${user}@`}${url.host}${remoteSocket === '/' ? '' : remoteSocket}`,
    ...(user === '' ? {} : { user }),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(remoteSocket === '' || remoteSocket === '/' ? {} : { remoteSocket }),
  };
}
