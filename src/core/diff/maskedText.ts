import { isSecret, secretMask } from '../secretEnv.ts';

/** `NAME=value`, the value as a shell or a Dockerfile writes one: in quotes, or up to a blank. */
const assignment = /(?<![\w.-])([A-Za-z_][\w.-]{0,127})=("(?:[^"\\]|\\[^])*"|'[^']*'|[^\s"';&|]+)/g;
/** `ENV NAME value`, the old form. */
const oldEnv = /^(ENV\s+)([A-Za-z_][\w.-]{0,127})(\s+)([^\s=][^]*)$/;
/** The password of `scheme://user:password@host`. */
const password = /(:\/\/[^/\s:@]{0,256}:)[^/\s@]{1,1024}@/g;

/** An instruction as a report may show it, values that look like secrets masked. */
export function maskedText(text: string): string {
  return text
    .replace(oldEnv, (whole, env: string, name: string, gap: string, value: string) =>
      !value.includes('=') && isSecret(name, value) ? `${env}${name}${gap}${secretMask}` : whole,
    )
    .replace(assignment, (whole, name: string, value: string) =>
      isSecret(name, value.replace(/^["']|["']$/g, '')) ? `${name}=${secretMask}` : whole,
    )
    .replace(password, `$1${secretMask}@`);
}

/** The value of a variable or label as a report may show it. */
export function maskedValue(name: string, value: string): string {
  return isSecret(name, value) ? secretMask : maskedText(value);
}
