import * as z from 'zod';
import type { JsonObject } from '../engine/records.ts';
import type { CapturedContainer } from '../snapshot/snapshotRecords.ts';

const text = z.string();
const texts = z.array(text).nullish().catch(null);
const named = z.looseObject({ Type: text.default(''), Source: text.default(''), Target: text.default('') });

/** What a restore has to know of a create-body; a field of another shape than the API's counts as absent. */
const createBody = z.looseObject({
  HostConfig: z
    .looseObject({
      NetworkMode: text.nullish().catch(null),
      IpcMode: text.nullish().catch(null),
      PidMode: text.nullish().catch(null),
      Binds: texts,
      Mounts: z.array(named).nullish().catch(null),
      VolumesFrom: texts,
      Links: texts,
      Runtime: text.nullish().catch(null),
      LogConfig: z.looseObject({ Type: text.nullish() }).nullish().catch(null),
      Devices: z
        .array(z.looseObject({ PathOnHost: text.default('') }))
        .nullish()
        .catch(null),
      DeviceRequests: z.array(z.looseObject({})).nullish().catch(null),
      PortBindings: z
        .record(
          text,
          z.array(z.looseObject({ HostIp: text.default(''), HostPort: text.default('') })).nullish(),
        )
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
  NetworkingConfig: z
    .looseObject({ EndpointsConfig: z.record(text, z.looseObject({}).nullish()).nullish() })
    .nullish()
    .catch(null),
  Healthcheck: z
    .looseObject({
      Test: texts,
      Interval: z.number().nullish(),
      Timeout: z.number().nullish(),
      StartPeriod: z.number().nullish(),
      Retries: z.number().nullish(),
    })
    .nullish()
    .catch(null),
});

export type HostConfig = NonNullable<z.output<typeof createBody>['HostConfig']>;
export type CreateBody = z.output<typeof createBody>;

/** A create-body, read. Unknown fields are kept. */
export function readBody(body: JsonObject): CreateBody {
  return createBody.parse(body);
}

/** The HostConfig of a captured container. */
export function hostConfigOf({ createBody: body }: CapturedContainer): HostConfig {
  return readBody(body).HostConfig ?? {};
}

/** The HostConfig in an inspect, which has the shape of a create-body's. */
export function inspectedHostConfig(inspect: unknown): HostConfig {
  const parsed = createBody.safeParse(inspect);
  return (parsed.success ? parsed.data.HostConfig : undefined) ?? {};
}

/** Volumes that an engine makes for a container when they are not there. */
export function volumesOf({ Binds, Mounts }: HostConfig): readonly string[] {
  return [
    ...(Binds ?? []).flatMap((bind) => {
      const [source = '', target] = bind.split(':');
      return target === undefined || /^[/.~]|^[A-Za-z]$/.test(source) ? [] : [source];
    }),
    ...(Mounts ?? []).flatMap(({ Type, Source }) => (Type === 'volume' && Source !== '' ? [Source] : [])),
  ];
}

/** One reference to another container, as the API writes it. */
export interface ContainerReference {
  /** A name or an ID. */
  readonly to: string;
  /** The reference with another container in its place. */
  readonly with: (other: string) => string;
}

/** `container:x` of NetworkMode, IpcMode and PidMode. */
export function modeReference(mode: string | null | undefined): ContainerReference | undefined {
  const [, to] = /^container:\/?(.+)$/.exec(mode ?? '') ?? [];
  return to === undefined ? undefined : { to, with: (other) => `container:${other}` };
}

/** An entry of VolumesFrom: `x`, `x:ro`. */
export function volumesFromReference(entry: string): ContainerReference {
  const [to = '', ...rest] = entry.replace(/^\//, '').split(':');
  return { to, with: (other) => [other, ...rest].join(':') };
}

/** An entry of Links: `x:alias`, or `/x:/self/alias` as inspect writes it. */
export function linkReference(entry: string): ContainerReference {
  const [to = '', alias = ''] = entry.split(':');
  const name = to.replace(/^\//, '');
  return { to: name, with: (other) => `${other}:${alias.slice(alias.lastIndexOf('/') + 1) || name}` };
}

/** Every container that this one can't be made or started without, by name or ID. */
export function referencesOf(document: CapturedContainer): readonly string[] {
  const { NetworkMode, IpcMode, PidMode, VolumesFrom, Links } = hostConfigOf(document);
  const modes = [NetworkMode, IpcMode, PidMode].map(modeReference);
  return [
    ...modes.flatMap((reference) => (reference ? [reference.to] : [])),
    ...(VolumesFrom ?? []).map((entry) => volumesFromReference(entry).to),
    ...(Links ?? []).map((entry) => linkReference(entry).to),
  ];
}
