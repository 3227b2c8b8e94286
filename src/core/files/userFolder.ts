import { isAbsolute, join } from 'node:path';

/** Whose folder it is, and on which system. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

const support = ['Library', 'Application Support'] as const;
const kinds = {
  /** What can be made again. */
  cache: { variable: 'XDG_CACHE_HOME', usual: ['.cache'], onMac: ['Library', 'Caches'] },
  /** What must last. */
  data: { variable: 'XDG_DATA_HOME', usual: ['.local', 'share'], onMac: support },
  /** What must outlive the program, and means nothing elsewhere. */
  state: { variable: 'XDG_STATE_HOME', usual: ['.local', 'state'], onMac: support },
} as const;

/**
 * Our folder among those in which a user's programs keep things, as each system has it. Source: XDG Base Directory
 * Specification 0.8.
 */
export function userFolder(kind: keyof typeof kinds, { env, platform, home }: Surroundings): string {
  const { variable, usual, onMac } = kinds[kind];
  const { [variable]: xdg = '', LOCALAPPDATA: local = '' } = env;
  const standing = join(home, ...(platform === 'darwin' ? onMac : usual));
  const base = isAbsolute(xdg) ? xdg : platform === 'win32' && isAbsolute(local) ? local : standing;
  return join(base, 'drydock');
}
