import * as z from 'zod';
import type { EngineInfo, JsonObject, JsonValue } from '../engine/records.ts';

const json = z.custom<JsonValue>((value) => value !== undefined);
const texts = z.array(z.string());
/** What a Podman says of a container and only a Podman takes. Fields of other shapes stay as they are. */
const podmanBody = z.looseObject({
  HostConfig: z.looseObject({ Runtime: z.literal('oci') }),
});
const own = {
  binds: texts,
  ulimits: z.array(z.looseObject({ Name: z.string() })),
  annotations: z.record(z.string(), json),
};
/** Options of a mount that are what every mount has, or that Docker has no word for. */
const mountOptions: ReadonlySet<string> = new Set([
  ...['rprivate', 'private', 'rbind', 'bind', 'nosuid', 'suid', 'nodev', 'dev', 'noexec', 'exec'],
  ...['U', 'idmap', 'copy'],
]);
const podmanAnnotation =
  /^(io\.podman\.|io\.container\.manager$|org\.systemd\.property\.|org\.opencontainers\.image\.)/;

/**
 * A create-body as an engine of that product takes it. A Podman's own names `oci` as the runtime of every container,
 * has modes and mount options that Docker refuses, and calls limits by their names in C. Docker's bodies every Podman
 * takes as they are.
 */
export function bodyFor(product: EngineInfo['product'], body: JsonObject): JsonObject {
  if (product === 'podman' || !podmanBody.safeParse(body).success) return body;
  const config = z.record(z.string(), json).parse(body['HostConfig']);
  const binds = own.binds.safeParse(config['Binds']);
  const ulimits = own.ulimits.safeParse(config['Ulimits']);
  const annotations = own.annotations.safeParse(config['Annotations']);
  const env = texts.safeParse(body['Env']);
  const hostConfig = {
    ...Object.fromEntries(Object.entries(config).filter(([key, mode]) => !isOwn(key, mode))),
    ...(binds.success && { Binds: binds.data.map(bindForDocker) }),
    ...(ulimits.success && {
      Ulimits: ulimits.data.map((one) => ({ ...one, Name: one.Name.replace(/^RLIMIT_/, '').toLowerCase() })),
    }),
    ...(annotations.success && {
      Annotations: Object.fromEntries(
        Object.entries(annotations.data).filter(([name]) => !podmanAnnotation.test(name)),
      ),
    }),
  };
  return {
    ...body,
    // What a Podman puts in by itself.
    ...(env.success && { Env: env.data.filter((one) => one !== 'container=podman' && !isOldName(one)) }),
    HostConfig: hostConfig,
  };
}

/** What Docker does where nothing is said. */
function isOwn(key: string, mode: JsonValue): boolean {
  if (key === 'Runtime') return true;
  return ['PidMode', 'UTSMode', 'UsernsMode'].includes(key) && mode === 'private';
}

/** The name that the engine made up for the container that was. */
function isOldName(variable: string): boolean {
  return /^HOSTNAME=[0-9a-f]{12}$/.test(variable);
}

/** `source:target:options` */
function bindForDocker(bind: string): string {
  const [source = '', target = '', options = ''] = bind.split(':');
  const kept = options.split(',').filter((option) => option !== '' && !mountOptions.has(option));
  return [source, target, ...(kept.length === 0 ? [] : [kept.join(',')])].join(':');
}
