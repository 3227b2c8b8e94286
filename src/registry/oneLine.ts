const maxReasonLength = 300;

/** One line without control characters, of a length that a sentence can hold. */
export function oneLine(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, maxReasonLength);
}
