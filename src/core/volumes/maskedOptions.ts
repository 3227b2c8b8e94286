/** What stands where a secret would. */
const mask = '••••';

/** Words in an option's name, or in a part of its value, after which nobody else should read on. */
const secretWord =
  /pass|pwd|secret|token|credential|(access|account|api|private|shared|storage)key|(^|[^a-z])(key|auth|sas)([^a-z]|$)/i;

/**
 * A volume's driver options as people may see them: passwords and the like are masked, whether they are an option of
 * their own, a part of mount options (`username=me,password=…`), or in an address (`//me:…@host`). What is kept in a
 * snapshot is whole, for the volume can't be made again without.
 */
export function maskedOptions(options: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, masked(key, value)]));
}

/** Names of the options of which something would be masked. */
export function secretOptions(options: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(options).flatMap(([key, value]) => (masked(key, value) === value ? [] : [key]));
}

function masked(key: string, value: string): string {
  if (value === '') return value;
  if (secretWord.test(key)) return mask;
  return (
    value
      .replace(/(^|[,;&?\s])([^,;&?=\s]+)=([^,;&\s]*)/g, (whole, before: string, name: string) =>
        secretWord.test(name) ? `${before}${name}=${mask}` : whole,
      )
      // To the last @, for a password may hold one, and slashes too.
      .replace(/(\/\/[^/@:\s]*):\S*@/g, `$1:${mask}@`)
  );
}
