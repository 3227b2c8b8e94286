import { isIP } from 'node:net';

/** Where a registry is asked, and what people call it. */
export interface RegistryAddress {
  /** As people write it, for example `docker.io`. */
  readonly host: string;
  /** Name and port of the server. */
  readonly authority: string;
  /** Nothing leaves this machine. */
  readonly isLoopback: boolean;
}

/** The address behind the first part of an image's name. Docker's own registry answers under another name. */
export function registryAddress(host: string): RegistryAddress {
  const authority = host === 'docker.io' ? 'registry-1.docker.io' : host;
  return { host, authority, isLoopback: isLoopback(new URL(`http://${authority}`).hostname) };
}

/** Whether a host name means this machine. Only the name `localhost` is known without asking anybody. */
export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
