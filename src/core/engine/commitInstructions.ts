import { failure } from '../errors.ts';

/** Dockerfile instructions that a commit or an import can apply. STOPSIGNAL and the building ones are refused by engines. */
export const commitInstructions = [
  'CMD',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'LABEL',
  'ONBUILD',
  'USER',
  'VOLUME',
  'WORKDIR',
] as const;

/** Throws `badChange` for an instruction that no engine would take. */
export function requireChange(text: string): void {
  const word = text.trim().split(/\s+/, 1)[0] ?? '';
  if (commitInstructions.some((instruction) => instruction === word.toUpperCase())) return;
  throw failure('badChange', { text, allowed: commitInstructions.join(', ') });
}
