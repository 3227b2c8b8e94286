/** Control, format (bidi marks too) and separator characters, which a terminal obeys instead of showing. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line of text in which names from engines and archives can't steer the terminal: `\x1b` ⇒ `\u001b` in letters. */
export function printable(text: string): string {
  return text.replace(unsafe, escapeUnits);
}

/** JSON for people and programs; what a terminal would obey is escaped, which JSON reads back as the same text. */
export function printableJson(document: unknown): string {
  return JSON.stringify(document, undefined, 2).replace(unsafe, (character) =>
    character === '\n' ? character : escapeUnits(character),
  );
}

function escapeUnits(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}
