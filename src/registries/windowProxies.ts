import { proxiesOf, type ProxySettings } from '../registry/proxies.ts';

/** The settings `http.*` of the editor, as they stand. */
export interface WindowProxySettings {
  /** `http.proxySupport`. */
  readonly support: unknown;
  /** `http.proxy`. */
  readonly proxy: unknown;
  /** `http.noProxy`. */
  readonly except: unknown;
}

/**
 * Which proxies a registry is asked by in an editor. With `override`, which is usual, and with `fallback` the editor puts
 * agents of its own into every request of an extension, with its settings, the environment and the system's settings:
 * a second proxy would only be in the way. With `on` it leaves requests alone that bring an agent, as ours do, so what it
 * says is done here. With `off` nobody is to use any.
 */
export function windowProxies(
  { support, proxy, except }: WindowProxySettings,
  env: Readonly<Record<string, string | undefined>>,
): ProxySettings {
  if (support !== 'on') return { except: [] };
  const ofEnvironment = proxiesOf(env);
  const named = typeof proxy === 'string' && proxy.trim() !== '' ? proxy : undefined;
  const listed = Array.isArray(except) ? except.filter((one) => typeof one === 'string') : [];
  return {
    http: named ?? ofEnvironment.http,
    https: named ?? ofEnvironment.https,
    except: listed.length > 0 ? listed : ofEnvironment.except,
  };
}
