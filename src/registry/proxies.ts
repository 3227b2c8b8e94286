import { BlockList, isIP } from 'node:net';
import { failure } from '../core/errors.ts';
import { isLoopback } from './registryAddress.ts';

/** A server that is asked in the place of others. */
export interface Proxy {
  /** Name and port, for people: what it is told of who we are stands in its address only. */
  readonly name: string;
  readonly url: URL;
  /** The header by which it knows us. */
  readonly authorization?: string;
}

/** Addresses of proxies as people write them, by what is asked through them. */
export interface ProxySettings {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  /** Which hosts are asked directly all the same. */
  readonly except: readonly string[];
}

/**
 * What the environment says, as the Docker CLI and skopeo hear it: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, or in small letters.
 * Source: golang.org/x/net/http/httpproxy, which these are built with.
 */
export function proxiesOf(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const either = (name: string): string | undefined =>
    [env[name], env[name.toLowerCase()]].find((value) => value !== undefined && value !== '');
  return {
    http: either('HTTP_PROXY'),
    https: either('HTTPS_PROXY'),
    except: (either('NO_PROXY') ?? '').split(','),
  };
}

/** By which proxy `url` is to be asked; undefined for none, and always for this machine. Throws `proxyUnusable`. */
export function proxyFor(url: URL, { http, https, except }: ProxySettings): Proxy | undefined {
  const text = (url.protocol === 'https:' ? https : http)?.trim() ?? '';
  if (text === '' || isLoopback(url.hostname) || isExcepted(url, except)) return undefined;
  const unusable = (reason: string): Error => failure('proxyUnusable', { host: url.host, reason });
  const address = URL.parse(text.includes('://') ? text : `http://${text}`);
  // Not with its text, which may hold a password.
  if (address === null || address.hostname === '') throw unusable('what it is given as is no address');
  if (address.protocol !== 'http:' && address.protocol !== 'https:')
    throw unusable(`its address begins with ${address.protocol}//, and only http:// and https:// are known`);
  const { username, password } = address;
  const name = address.host;
  const logIn = username === '' && password === '' ? undefined : basic(address, unusable);
  return { name, url: address, ...(logIn !== undefined && { authorization: logIn }) };
}

function basic({ username, password }: URL, unusable: (reason: string) => Error): string {
  try {
    const logIn = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(logIn).toString('base64')}`;
  } catch {
    throw unusable('its log-in is not written as in a URL');
  }
}

/**
 * `*` is everything, `example.com` that and all below it, `.example.com` all below it, `10.0.0.0/8` these addresses; with a
 * port behind it only that one. A name is not looked up to be compared with addresses.
 */
function isExcepted(url: URL, except: readonly string[]): boolean {
  const host = bareHost(url).toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return except.some((entry) => {
    const text = entry.trim().toLowerCase();
    if (text === '*') return true;
    if (text.includes('/')) return isInRange(host, text);
    const [, bracketed, plain = '', wanted] = /^(?:\[([^\]]*)\]|(.*?))(?::(\d+))?$/.exec(text) ?? [];
    const address = isIP(text) === 6 ? text : (bracketed ?? plain);
    if (isIP(text) !== 6 && wanted !== undefined && wanted !== port) return false;
    if (address === '') return false;
    if (isIP(address) !== 0) return isInRange(host, `${address}/${isIP(address) === 6 ? 128 : 32}`);
    const name = address.replace(/^\*\./, '.');
    return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
  });
}

function isInRange(host: string, range: string): boolean {
  const [address = '', length = ''] = range.split('/');
  const family = isIP(address);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (isIP(host) === 0 || family === 0 || !(bits <= (family === 6 ? 128 : 32))) return false;
  const list = new BlockList();
  list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

/** Without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
