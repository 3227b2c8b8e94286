/**
 * Names from outside as text that shows what they are: what a screen would obey instead of showing (control and format
 * characters, bidi marks too) becomes `\u{202e}`, a byte that is no UTF-8 `\xe9`. No two names look the same, and
 * {@link exactName} reads the name back. `name` may be a whole path, as `entryNames.ts` writes paths.
 */
export function visibleName(name: string): string {
  return visibleText(name.replace(ambiguous, String.raw`\\`));
}

/** The same for text that is read and never read back, such as an instruction: its backslashes stay as they are. */
export function visibleText(text: string): string {
  return text.replace(unsafe, visible);
}

/** The same for text of several lines: line feeds and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(unsafe, (character) => (/[\n\t]/.test(character) ? character : visible(character)));
}

function visible(character: string): string {
  return rawByte.test(character)
    ? `\\x${(character.charCodeAt(0) & 0xff).toString(16)}`
    : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** The name that {@link visibleName} shows so. What it never writes stays as it is. */
export function exactName(visible: string): string {
  return visible.replace(
    /\\(?:\\|x([89a-f][0-9a-f])|u\{([0-9a-f]{1,6})\})/g,
    (whole, byte?: string, point?: string) => {
      if (byte !== undefined) return String.fromCharCode(0xdc00 | Number.parseInt(byte, 16));
      if (point === undefined) return '\\';
      const code = Number.parseInt(point, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const rawByte = /[\udc80-\udcff]/u;
/** A backslash that would be read as the start of what stands for another character. */
const ambiguous = /\\(?=\\|x[89a-f][0-9a-f]|u\{[0-9a-f]|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}])/gu;
