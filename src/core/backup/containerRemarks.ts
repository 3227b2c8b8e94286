import * as z from 'zod';
import type { ContainerDetails, JsonObject } from '../engine/records.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';

const hostConfig = z.object({
  Tmpfs: z.record(z.string(), z.unknown()).nullish(),
  Devices: z.array(z.object({ PathOnHost: z.string() })).nullish(),
});

/** Words in the name of a variable that holds a secret; a name that ends in `_FILE` tells where one is. */
const secretName =
  /(PASS(W(OR)?D|PHRASE)?|PWD|SECRET|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE|ENCRYPTION|SIGNING|MASTER)_?KEY|_KEY|AUTH)(?!.*_FILE$)/i;
const notSecret = /^(PWD|OLDPWD|.*(_PUBLIC_KEY|_KEYRING|_AUTHOR|AUTHORITY|AUTH_(URL|HOST|METHOD|TYPE)))$/i;
const secretUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** Names of the variables that look as if a secret were in them: the snapshot holds their values. */
export function secretsIn(env: readonly string[]): readonly string[] {
  return env.flatMap((entry) => {
    const at = entry.indexOf('=');
    const [name, value] = at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    const isSecret = (secretName.test(name) && !notSecret.test(name)) || secretUrl.test(value);
    return value !== '' && isSecret ? [name] : [];
  });
}

/** What a snapshot of a container does not hold, or holds and should not be shown around. Binds are left to others. */
export function remarksOnContainer(container: ContainerDetails, createBody: JsonObject): readonly Remark[] {
  const { Tmpfs, Devices } = hostConfig.catch({}).parse(createBody['HostConfig']);
  const mounted = container.mounts.filter(({ type }) => type === 'tmpfs').map(({ target }) => target);
  const others = container.mounts.filter(({ type }) => !['volume', 'bind', 'tmpfs'].includes(type));
  return [
    ...[...new Set([...mounted, ...Object.keys(Tmpfs ?? {})])].map((subject): Remark => ({
      kind: 'tmpfs',
      subject,
    })),
    ...others.map(({ type, target }): Remark => ({ kind: 'notRead', subject: target, detail: type })),
    ...(Devices ?? []).map(({ PathOnHost }): Remark => ({ kind: 'device', subject: PathOnHost })),
    ...secretsIn(container.config.env).map((subject): Remark => ({ kind: 'secret', subject })),
  ];
}
