import { maskedText } from '../../diff/maskedText.ts';
import { isSecret, secretMask } from '../../secretEnv.ts';
import { secretForms } from '../../secretForms.ts';

/** `password: "…"`, `api_key = …`, `--token=…`; what stands before such a word does not matter, and takes no time. */
const assignment =
  /(?:password|passwd|secret|token|api_?key|access_?key|(?<=[\w.-])(?:private_?key|credential))s?["']?\s{0,4}[:=]\s{0,4}["']?([^\s"'`,;&|)}\]]{8,256})/gi;

const placeholder =
  /^(?:[$<{%*]|\.\.\.|x{4,}|\d{1,12}$|(?:true|false|null|none|undefined|changeme|change-me|example|dummy|placeholder|redacted|secret|password|test)\b)|example|your[-_]|process\.env|os\.environ|getenv|\$\{|\{\{/i;

/** Bits of a character on average; words of people have about 3, random letters and digits above 4. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const length = Array.from(text).length;
  let bits = 0;
  for (const count of counts.values()) bits -= (count / length) * Math.log2(count / length);
  return bits;
}

/** Whether a value looks as if nobody could guess it. */
export function isRandom(value: string): boolean {
  if (value.length < 16 || placeholder.test(value)) return false;
  // A path, an address or a sentence is no secret, however long.
  if (/^[./~]|:\/\/|\s/.test(value)) return false;
  const hasDigitAndLetter = /\d/.test(value) && /[A-Za-z]/.test(value);
  return hasDigitAndLetter && entropyOf(value) >= (/^[0-9a-f-]+$/i.test(value) ? 3 : 3.6);
}

/** What kinds of secrets are in a text, each once: issuers, or else `password` where a name alone gives it away. */
export function secretKindsIn(text: string): readonly string[] {
  const kinds = new Set<string>();
  for (const [pattern, kind] of secretForms) if (text.search(pattern) >= 0) kinds.add(kind);
  if (kinds.size > 0) return [...kinds];
  const isNamed = [...text.matchAll(assignment)].some(([, value = '']) => isRandom(value));
  return isNamed ? ['password'] : [];
}

/** A variable with a secret in it: its name says so and its value may be one, or its value has the form of one. */
export function isSecretVariable(name: string, value: string): boolean {
  if (secretKindsIn(value).length > 0) return true;
  if (!isSecret(name, value) || placeholder.test(value)) return false;
  // The fingerprint of a key that signs releases is public, as are names of files and switches.
  if (/^GPG_KEYS?$/.test(name) || /^(?:\/|~\/|\.\/)/.test(value)) return false;
  return !/^(?:0x)?(?:[0-9A-F]{40}|[0-9A-F]{16})$/.test(value) && value.length >= 4;
}

/** An instruction with every secret in it masked. */
export function withoutSecrets(instruction: string): string {
  return maskedText(instruction).replace(assignment, (whole, value: string) =>
    isRandom(value) ? whole.slice(0, -value.length) + secretMask : whole,
  );
}
