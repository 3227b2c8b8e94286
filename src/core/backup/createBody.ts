import { posix } from 'node:path';
import * as z from 'zod';
import type { JsonObject, JsonValue } from '../engine/records.ts';

export interface CreateBodyInput {
  /** The engine's inspect of the container, parsed with limits. */
  readonly inspect: JsonObject;
  /** The name of a container by its ID, where it has one. */
  readonly nameOf: (id: string) => string | undefined;
  /** The engine's host, whose name a container in the host's network gets unasked. */
  readonly hostName: string;
}

const json = z.custom<JsonValue>((value) => value !== undefined);
const object = z.record(z.string(), json);
const mountPoint = z.object({
  Type: z.string(),
  Name: z.string().optional(),
  Source: z.string().optional(),
  Destination: z.string(),
  RW: z.boolean().optional(),
});
const hostMount = z.looseObject({ Type: z.string(), Source: z.string().optional(), Target: z.string() });
const endpoint = z.looseObject({
  NetworkID: z.string().nullish(),
  Aliases: z.array(z.string()).nullish(),
  MacAddress: z.string().nullish(),
});
const inspected = z.looseObject({
  Id: z.string(),
  Config: object,
  HostConfig: object,
  Mounts: z.array(mountPoint).nullish(),
  NetworkSettings: z.looseObject({ Networks: z.record(z.string(), endpoint).nullish() }).nullish(),
});
const texts = z.array(z.string()).nullish();

/** What of an endpoint is a wish, and not what the engine made of it: the rest of inspect would be refused or pinned. */
const endpointWishes = ['IPAMConfig', 'Links', 'DriverOpts', 'GwPriority'] as const;

/**
 * What to send to `POST /containers/create` so that the same container comes to be: Config's fields, HostConfig and
 * NetworkingConfig with all networks (below API 1.44 an engine takes one there; the others are connected afterwards).
 * Made from inspect, with what stands for this one container or this one start left out:
 *
 * - IDs of other containers are their names; networks too.
 * - Anonymous volumes, and what came by VolumesFrom, are mounted by name: a new container would get new, empty ones.
 * - Hostname is left out where the engine chose it or refuses it; aliases with the container's ID likewise.
 * - A MAC address is kept where somebody chose it, as far as engines tell.
 * - No entrypoint is said as such, or the engine would take the image's.
 *
 * Throws a ZodError when it is no inspect.
 */
export function createBody({ inspect, nameOf, hostName }: CreateBodyInput): JsonObject {
  const found = inspected.parse(inspect);
  const { Config, HostConfig, Mounts, NetworkSettings } = found;
  const networks = Object.entries(NetworkSettings?.Networks ?? {});
  const named = (text: JsonValue | undefined): string | undefined => {
    if (typeof text !== 'string') return undefined;
    const [, id] = /^container:(.+)$/.exec(text) ?? [];
    if (id !== undefined) return `container:${nameOf(id) ?? id}`;
    // Of a container that never ran engines tell no network ID, and PidMode is empty as well.
    return networks.find(([, { NetworkID }]) => text !== '' && NetworkID === text)?.[0] ?? text;
  };
  const modes = Object.fromEntries(
    ['NetworkMode', 'IpcMode', 'PidMode']
      .map((key) => [key, named(HostConfig[key])] as const)
      .filter(([, mode]) => mode !== undefined),
  ) as Readonly<Record<string, string>>;
  const networkMode = modes['NetworkMode'] ?? 'default';
  return {
    ...withoutEmpty(ownConfig(found, { networkMode, hostName })),
    HostConfig: {
      ...without(HostConfig, ['ContainerIDFile', 'VolumesFrom']),
      ...modes,
      ...linksOf(HostConfig),
      ...portsOf(HostConfig),
      ...mountsOf(HostConfig, Mounts ?? []),
    },
    NetworkingConfig: {
      EndpointsConfig: networkMode.startsWith('container:')
        ? {}
        : Object.fromEntries(
            networks.map(([name, settings]) => [
              name,
              endpointOf(settings, {
                id: found.Id,
                mac:
                  (name === primaryOf(networkMode) ? Config['MacAddress'] : undefined) ?? chosenMac(settings),
              }),
            ]),
          ),
    },
  };
}

/** The network that a mode means. */
function primaryOf(networkMode: string): string {
  return networkMode === 'default' ? 'bridge' : networkMode;
}

function ownConfig(
  { Id, Config, HostConfig }: z.output<typeof inspected>,
  { networkMode, hostName }: { readonly networkMode: string; readonly hostName: string },
): JsonObject {
  const isShared = networkMode.startsWith('container:');
  const isHostsOwn = HostConfig['UTSMode'] === 'host';
  const isChosen =
    Config['Hostname'] !== Id.slice(0, 12) && !(networkMode === 'host' && Config['Hostname'] === hostName);
  const dropped: string[] = [];
  if (isShared || isHostsOwn || !isChosen) dropped.push('Hostname');
  if (isShared || isHostsOwn) dropped.push('Domainname');
  // An engine refuses ports of a container that has no network of its own.
  if (isShared) dropped.push('ExposedPorts', 'MacAddress');
  // An engine that is told of no entrypoint takes the image's; this is how to say that there is none.
  const hasNoEntrypoint = (texts.parse(Config['Entrypoint']) ?? []).length === 0 && Config['Cmd'] !== null;
  return { ...without(Config, dropped), ...(hasNoEntrypoint ? { Entrypoint: [''] } : {}) };
}

/** `/db:/web/alias` is how links come back; `db:alias` is how they are asked for. */
function linksOf(hostConfig: JsonObject): JsonObject {
  const links = texts.parse(hostConfig['Links']) ?? [];
  if (links.length === 0) return {};
  return {
    Links: links.map((link) => {
      const [source = '', target = ''] = link.split(':');
      return `${source.replace(/^\//, '')}:${target.slice(target.lastIndexOf('/') + 1)}`;
    }),
  };
}

/** Ports without a binding are no wish, and new engines warn of them. */
function portsOf(hostConfig: JsonObject): JsonObject {
  const ports = object.nullish().parse(hostConfig['PortBindings']);
  if (!ports) return {};
  return {
    PortBindings: Object.fromEntries(
      Object.entries(ports).filter(([, bindings]) => Array.isArray(bindings) && bindings.length > 0),
    ),
  };
}

/**
 * What is mounted and nobody named. `nocopy`, since the volume is filled by then, and one that was empty is to stay
 * empty.
 */
function mountsOf(hostConfig: JsonObject, found: readonly z.output<typeof mountPoint>[]): JsonObject {
  const binds = texts.parse(hostConfig['Binds']) ?? [];
  const mounts = z.array(hostMount).nullish().parse(hostConfig['Mounts']) ?? [];
  const sourceAt = (target: string): string | undefined =>
    found.find(({ Type, Destination }) => Type === 'volume' && isSamePath(Destination, target))?.Name;
  const namedMounts = mounts.map((mount) => {
    const source =
      mount.Type === 'volume' && (mount.Source ?? '') === '' ? sourceAt(mount.Target) : undefined;
    if (source === undefined) return mount;
    const options = object.catch({}).parse(mount['VolumeOptions']);
    return { ...mount, Source: source, VolumeOptions: { ...options, NoCopy: true } };
  });
  const taken = [...binds.map(bindTarget), ...mounts.map(({ Target }) => Target)];
  const unnamed = found.flatMap(({ Type, Name, Source, Destination, RW }) => {
    const source = Type === 'volume' ? Name : Type === 'bind' ? Source : undefined;
    if (source === undefined || source === '' || taken.some((target) => isSamePath(target, Destination)))
      return [];
    const options = [...(RW === false ? ['ro'] : []), ...(Type === 'volume' ? ['nocopy'] : [])];
    return [[source, Destination, ...(options.length > 0 ? [options.join(',')] : [])].join(':')];
  });
  return {
    ...(mounts.length > 0 ? { Mounts: namedMounts as JsonValue } : {}),
    ...(binds.length + unnamed.length > 0 ? { Binds: [...binds, ...unnamed] } : {}),
  };
}

/** The path in the container of `source:target[:options]`; the source may start with a Windows drive. */
function bindTarget(bind: string): string {
  const [source = '', target] = bind.replace(/^[a-zA-Z]:(?=[\\/])/, '').split(':');
  return target ?? source;
}

function isSamePath(one: string, other: string): boolean {
  const plain = (path: string): string => posix.normalize(path).replace(/\/+$/, '');
  return plain(one) === plain(other);
}

function endpointOf(
  settings: z.output<typeof endpoint>,
  { id, mac }: { readonly id: string; readonly mac: JsonValue | undefined },
): JsonObject {
  const aliases = (settings.Aliases ?? []).filter((alias) => alias !== id && alias !== id.slice(0, 12));
  const wishes = endpointWishes.map((key) => [key, settings[key] as JsonValue | undefined] as const);
  return withoutEmpty(
    Object.fromEntries([
      ...wishes.filter((pair): pair is [(typeof endpointWishes)[number], JsonValue] => pair[1] !== undefined),
      ['Aliases', aliases],
      ...(typeof mac === 'string' ? [['MacAddress', mac] as const] : []),
    ]),
  );
}

/**
 * An endpoint's own MAC address, where it is none that an engine made up: these have the bit for local use set. One
 * that was chosen with this bit reads like one that was made up, unless it stands in Config.
 */
function chosenMac({ MacAddress }: z.output<typeof endpoint>): string | undefined {
  const first = Number.parseInt(MacAddress?.slice(0, 2) ?? '', 16);
  return first % 4 === 0 ? (MacAddress ?? undefined) : undefined;
}

function without(of: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(of).filter(([name]) => !names.includes(name)));
}

/** Without what says nothing: null, empty texts, lists and objects. */
function withoutEmpty(of: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(of).filter(
      ([, value]) =>
        value !== null &&
        value !== '' &&
        !(Array.isArray(value) && value.length === 0) &&
        !(typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0),
    ),
  );
}
