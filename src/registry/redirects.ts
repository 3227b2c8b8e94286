import { failure } from '../core/errors.ts';
import type { Request } from './exchange.ts';
import { isLoopback } from './registryAddress.ts';

/** Whether an answer sends somewhere else. What changes something is only sent on where the method is to stay. */
export function isRedirect(method: Request['method'], status: number): boolean {
  if (status === 307 || status === 308) return true;
  return (method === 'GET' || method === 'HEAD') && (status === 301 || status === 302 || status === 303);
}

/** Where an answer from `from` sends to. Throws `registryUnsafe` for anything but http and https, for a step down, and for
 * what listens on this machine only. */
export function nextUrl(host: string, from: URL, location: string): URL {
  const unsafe = (reason: string): Error =>
    failure('registryUnsafe', { host, to: location.slice(0, 200), reason });
  const url = location === '' ? null : URL.parse(location, from.href);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw unsafe('that is no address on the web');
  if (url.protocol === 'http:' && from.protocol === 'https:') throw unsafe('that is less safe than before');
  if (url.username !== '' || url.password !== '') throw unsafe('it names a user');
  if (isLoopback(url.hostname) && !isLoopback(from.hostname)) throw unsafe('that is this machine');
  return url;
}
