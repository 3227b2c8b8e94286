/** What stands where a secret would. */
export const secretMask = '••••';

/** Words in the name of a variable that holds a secret; a name that ends in `_FILE` tells where one is. */
const secretName =
  /(PASS(W(OR)?D|PHRASE)?|PWD|SECRET|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE|ENCRYPTION|SIGNING|MASTER)_?KEY|_KEY|AUTH)(?!.*_FILE$)/i;
const notSecret = /^(PWD|OLDPWD|.*(_PUBLIC_KEY|_KEYRING|_AUTHOR|AUTHORITY|AUTH_(URL|HOST|METHOD|TYPE)))$/i;
const secretUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** Names of the variables that look as if a secret were in them: the snapshot holds their values. */
export function secretsIn(env: readonly string[]): readonly string[] {
  return env.flatMap((entry) => {
    const [name, value] = variableOf(entry);
    return isSecret(name, value) ? [name] : [];
  });
}

/** Nobody names a variable longer; what is longer is looked at from its end. */
const longestName = 256;

/** Whether the value of a variable looks like a secret, by the variable's name or since it is an address with one. */
export function isSecret(name: string, value: string): boolean {
  const end = name.slice(-longestName);
  return value !== '' && ((secretName.test(end) && !notSecret.test(end)) || secretUrl.test(value));
}

/** `NAME=value` in two parts; without a sign the value is empty. */
export function variableOf(entry: string): readonly [name: string, value: string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}
