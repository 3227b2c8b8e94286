import { isAbsolute, join } from 'node:path';

/**
 * Where a user's programs keep what must outlive them, as each system has it: the CLI and the extension find each
 * other's notes there. Source: XDG Base Directory Specification 0.8.
 */
export function stateFolder({
  env,
  platform,
  home,
}: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}): string {
  const { XDG_STATE_HOME: xdg = '', LOCALAPPDATA: local = '' } = env;
  const usual =
    platform === 'darwin' ? join(home, 'Library', 'Application Support') : join(home, '.local', 'state');
  const base = isAbsolute(xdg) ? xdg : platform === 'win32' && isAbsolute(local) ? local : usual;
  return join(base, 'drydock', 'moves');
}
