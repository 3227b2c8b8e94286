import { isSecret, secretMask } from '../secretEnv.ts';
import { formatBytes } from '../quantity.ts';
import { secretForms } from '../secretForms.ts';

/** `ENV NAME value`, the old form. */
const oldEnv = /^(ENV\s+)([A-Za-z_][\w.-]{0,127})(\s+)([^\s=][^]*)$/;
/** Instructions whose values stand in a history without the quotes that they had: up to the next name. */
const unquoted = /^(?:ENV|ARG|LABEL)\s/;
const variable =
  /(?<=\s)([A-Za-z_][\w.-]{0,127})=("(?:[^"\\]|\\[^])*"(?!\S)|'[^']*'(?!\S)|(?:(?!\s[A-Za-z_][\w.-]{0,127}=)[^])*)/g;
/** `NAME=value`, the value as a shell or a Dockerfile writes one: in quotes, or up to a blank. */
const assignment = /(?<![\w.-])([A-Za-z_][\w.-]{0,127})=("(?:[^"\\]|\\[^])*"|'[^']*'|[^\s"';&|]+)/g;
/** `--name=value`. */
const option = /(?<![\w.-])(--?[A-Za-z][\w.-]{0,127})=("(?:[^"\\]|\\[^])*"|'[^']*'|[^\s"';&|]+)/g;
/** `--password value`, also as two items of a list: only after names that leave no doubt. */
const nextWord =
  /(?<![\w.-])(--?(?:[A-Za-z][\w.-]{0,100})?(?:password|passwd|passphrase|secret|token|(?:api|access|private)[-_]?key)(?:\s{1,8}|",\s{0,4}"))(?![-<>|&;\\])("(?:[^"\\]|\\[^])*"|'[^']*'|[^\s"';&|]+)/gi;
/** A field of JSON. */
const field = /"([A-Za-z_][\w.-]{0,127})":\s{0,4}"((?:[^"\\]|\\[^])*)"/g;
/** The password of `scheme://user:password@host`. */
const password = /(:\/\/[^/\s:@]{0,256}:)[^/\s]{1,1024}@/g;

/** Nobody reads more, and to look through it would hold up everybody else. */
const mostMasked = 1 << 18;

/** An instruction as a report may show it, values that look like secrets masked. Of a very long one only its size. */
export function maskedText(text: string): string {
  if (text.length > mostMasked) return `${firstWord(text)}${secretMask} (${formatBytes(text.length)})`;
  const byName = (whole: string, name: string, value: string): string =>
    isSecret(name, value.replace(/^["']|["']$/g, '')) ? `${name}=${secretMask}` : whole;
  let masked = text.replace(oldEnv, (whole, env: string, name: string, gap: string, value: string) =>
    !value.includes('=') && isSecret(name, value) ? `${env}${name}${gap}${secretMask}` : whole,
  );
  if (unquoted.test(masked)) masked = masked.replace(variable, byName);
  masked = masked
    .replace(assignment, byName)
    .replace(option, byName)
    .replace(nextWord, (_, before: string) => `${before}${secretMask}`)
    .replace(field, (whole, name: string, value: string) =>
      isSecret(name, value) ? `"${name}":"${secretMask}"` : whole,
    )
    .replace(password, `$1${secretMask}@`);
  for (const [form] of secretForms) masked = masked.replace(form, secretMask);
  return masked;
}

/** The keyword of an instruction; of a value nothing, which may be a secret. */
function firstWord(text: string): string {
  return /^[A-Z]{2,20} /.exec(text)?.[0] ?? '';
}

/** The value of a variable or label as a report may show it. */
export function maskedValue(name: string, value: string): string {
  return isSecret(name, value) ? secretMask : maskedText(value);
}
