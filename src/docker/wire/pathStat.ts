import * as z from 'zod';
import type { PathStat } from '../../core/engine/records.ts';
import { failure } from '../../core/errors.ts';
import { parseWire, text, timeMs } from './parseWire.ts';

/** The bits of Go's FileMode, which are not those of st_mode. */
const goMode = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  characterDevice: 2 ** 21,
  sticky: 2 ** 20,
  irregular: 2 ** 19,
} as const;

const wireStat = z.object({
  name: text,
  size: z.number().nullish().catch(null),
  mode: z.number().int().nonnegative(),
  mtime: text,
  linkTarget: text,
});

/** What the engine says of a path in a header: JSON in base64. Throws `engineGarbled`. */
export function pathStatFrom(header: string | readonly string[] | undefined, call: string): PathStat {
  if (typeof header !== 'string')
    throw failure('engineGarbled', { call, reason: 'it does not say what the path is' });
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
  } catch (error) {
    throw failure('engineGarbled', { call, reason: 'what it says of the path is not JSON' }, error);
  }
  const { name, size, mode, mtime, linkTarget } = parseWire(wireStat, value, call);
  return {
    name,
    type: typeOf(mode),
    sizeBytes: Math.max(0, size ?? 0),
    mode:
      (mode % 0o1000) +
      (has(mode, goMode.setuid) ? 0o4000 : 0) +
      (has(mode, goMode.setgid) ? 0o2000 : 0) +
      (has(mode, goMode.sticky) ? 0o1000 : 0),
    mtimeMs: timeMs(mtime) ?? 0,
    // Podman gives every path one: its own.
    linkTarget: has(mode, goMode.symlink) ? linkTarget : '',
  };
}

function typeOf(mode: number): PathStat['type'] {
  if (has(mode, goMode.directory)) return 'directory';
  if (has(mode, goMode.symlink)) return 'symlink';
  if (has(mode, goMode.device) || has(mode, goMode.characterDevice)) return 'device';
  if (has(mode, goMode.fifo)) return 'fifo';
  if (has(mode, goMode.socket)) return 'socket';
  return has(mode, goMode.irregular) ? 'other' : 'file';
}

/** Bit 31 is beyond what JavaScript's own bit operators take as positive. */
function has(mode: number, bit: number): boolean {
  return Math.floor(mode / bit) % 2 === 1;
}
