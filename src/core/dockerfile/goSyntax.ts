/** Values that Go's `%q` and `%v` printed into an image's history, read back. */

/** The strings of `["a" "b"]` (Go's `%q`) or of `["a","b"]` (JSON); undefined for anything else. */
export function goList(text: string): string[] | undefined {
  const inside = /^\[([^]*)\]$/.exec(text.trim())?.[1];
  if (inside === undefined) return undefined;
  const strings: string[] = [];
  let at = 0;
  while (at < inside.length) {
    const gap = /[\s,]*/y;
    gap.lastIndex = at;
    at += gap.exec(inside)?.[0].length ?? 0;
    if (at >= inside.length) break;
    const quoted = /"(?:[^"\\]|\\[^])*"/y;
    quoted.lastIndex = at;
    const found = quoted.exec(inside)?.[0];
    const value = found === undefined ? undefined : goString(found);
    if (found === undefined || value === undefined) return undefined;
    strings.push(value);
    at += found.length;
  }
  return strings;
}

/** The words of `[/data /logs]` (Go's `%v` of strings); undefined for anything else. */
export function wordList(text: string): string[] | undefined {
  const inside = /^\[([^[\]"]*)\]$/.exec(text.trim())?.[1];
  return inside?.split(/\s+/).filter((word) => word !== '');
}

/** The keys of `map[80/tcp:{} 443/tcp:{}]` (Go's `%v` of a set); undefined for anything else. */
export function mapKeys(text: string): string[] | undefined {
  const inside = /^map\[([^[\]]*)\]$/.exec(text.trim())?.[1];
  return inside
    ?.split(/\s+/)
    .filter((key) => key !== '')
    .map((key) => key.replace(/:(?:\{\})?$/, ''));
}

/** As a Dockerfile writes a list: `["a", "b"]`. */
export function jsonList(strings: readonly string[]): string {
  return `[${strings.map((text) => JSON.stringify(text)).join(', ')}]`;
}

/**
 * `&{["CMD-SHELL" "curl -f localhost"] "30s" "3s" "0s" "0s" '\x03'}` as a Dockerfile writes it: test, interval,
 * time-out, start period, from engine 25 on start interval, retries. A zero stands for what was not given.
 * Undefined for anything else.
 */
export function healthcheckOf(text: string): string | undefined {
  const parts = /^&\{(\[[^]*\])((?: "[^"]*"){3,4}) '([^]{1,12})'\}$/.exec(text.trim());
  const test = parts?.[1] === undefined ? undefined : goList(parts[1]);
  const retries = parts?.[3] === undefined ? undefined : runeOf(parts[3]);
  if (parts === null || test === undefined || retries === undefined) return undefined;
  if (test[0] === 'NONE') return 'NONE';
  const flags: string[] = [];
  const names = ['interval', 'timeout', 'start-period', 'start-interval'];
  (parts[2] ?? '')
    .trim()
    .split(' ')
    .forEach((duration, index) => {
      const value = duration.slice(1, -1);
      if (value !== '0s' && value !== '') flags.push(`--${names[index] ?? ''}=${value}`);
    });
  if (retries > 0) flags.push(`--retries=${retries}`);
  const [form, ...command] = test;
  if (form !== 'CMD' && form !== 'CMD-SHELL') return undefined;
  const words = form === 'CMD' ? jsonList(command) : command.join(' ');
  return [...flags, 'CMD', words].join(' ');
}

/** Escapes that Go's quoting has and JSON has not are put in JSON's way first. */
function goString(quoted: string): string | undefined {
  const json = quoted.replace(/\\(x([0-9a-f]{2})|U([0-9a-f]{8})|a|v|'|[^])/g, (escape: string, ...found) => {
    const [, hex, long] = found as (string | undefined)[];
    if (hex !== undefined) return `\\u00${hex}`;
    if (long !== undefined) return JSON.stringify(codePoint(long)).slice(1, -1);
    return escape === '\\a' ? '\\u0007' : escape === '\\v' ? '\\u000b' : escape;
  });
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function codePoint(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

/** A number that was printed as a character, as Go's `%q` does with integers. */
function runeOf(inside: string): number | undefined {
  const text = inside === "\\'" ? "'" : inside === '"' ? '"' : goString(`"${inside}"`);
  const code = text?.codePointAt(0);
  return code !== undefined && text === String.fromCodePoint(code) ? code : undefined;
}
