import * as z from 'zod';
import type { JsonObject, JsonValue } from '../engine/records.ts';
import type { CapturedContainer } from '../snapshot/snapshotRecords.ts';
import {
  linkReference,
  modeReference,
  readBody,
  volumesFromReference,
  volumesOf,
  type ContainerReference,
  type HostConfig,
} from './capturedBody.ts';
import { endpointsOf, type Endpoint } from './endpoints.ts';

export interface BodyInput {
  readonly document: CapturedContainer;
  /** A name or an ID. */
  readonly image: string;
  /** Containers by the names and IDs they had ⇒ the names they have now. */
  readonly containers: ReadonlyMap<string, string>;
  /** Volumes by the names they had ⇒ the names they have now. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Volumes, by the names they have now, that are empty and are to stay so. */
  readonly emptyVolumes: ReadonlySet<string>;
  /** Before API 1.44 an engine takes one network when it makes a container; the others are connected to later. */
  readonly takesOneNetwork: boolean;
}

/**
 * What to send to make a container again, the networks that it is to be connected to after that, and the volumes that
 * the engine would make for it where they are not there.
 */
export function createBodyOf(input: BodyInput): {
  readonly body: JsonObject;
  readonly later: readonly Endpoint[];
  readonly mounted: readonly string[];
} {
  const { document, image, takesOneNetwork } = input;
  const config = readBody(document.createBody).HostConfig ?? {};
  const endpoints = endpointsOf(document).map((endpoint) => withoutOldId(endpoint, document));
  const sharesNetwork = modeReference(config.NetworkMode) !== undefined;
  const now = sharesNetwork ? [] : takesOneNetwork ? endpoints.slice(0, 1) : endpoints;
  const hostConfig = hostConfigFor(config, input);
  const body = {
    ...document.createBody,
    Image: image,
    HostConfig: hostConfig as JsonValue,
    NetworkingConfig: {
      EndpointsConfig: Object.fromEntries(now.map(({ network, config }) => [network, config])),
    },
  };
  return { body, later: sharesNetwork ? [] : endpoints.slice(now.length), mounted: volumesOf(hostConfig) };
}

function hostConfigFor(config: HostConfig, input: BodyInput): HostConfig {
  const { containers } = input;
  const renamed = (reference: ContainerReference): string =>
    reference.with(containers.get(reference.to) ?? reference.to);
  const mode = (value: string | null | undefined): string | undefined => {
    const reference = modeReference(value);
    return reference === undefined ? (value ?? undefined) : renamed(reference);
  };
  const present = <K extends keyof HostConfig>(key: K, value: HostConfig[K]): Partial<HostConfig> =>
    config[key] === undefined ? {} : { [key]: value };
  const mounts = config.Mounts?.map((mount) => renamedMount(mount, input));
  return {
    ...config,
    ...present('NetworkMode', mode(config.NetworkMode)),
    ...present('IpcMode', mode(config.IpcMode)),
    ...present('PidMode', mode(config.PidMode)),
    ...present(
      'VolumesFrom',
      config.VolumesFrom?.map((entry) => renamed(volumesFromReference(entry))),
    ),
    ...present(
      'Links',
      config.Links?.map((entry) => renamed(linkReference(entry))),
    ),
    ...present(
      'Binds',
      config.Binds?.map((bind) => renamedBind(bind, input)),
    ),
    ...present('Mounts', mounts),
  };
}

/** `volume:/target:options`; what begins with a slash is a folder of the host. */
function renamedBind(bind: string, { volumes, emptyVolumes }: BodyInput): string {
  const [source = '', target = '', options = ''] = bind.split(':');
  const name = volumes.get(source) ?? source;
  const all = options.split(',').filter((option) => option !== '');
  // An engine would copy what the image has there into an empty volume, and bring deleted files back.
  if (emptyVolumes.has(name) && !all.includes('nocopy')) all.push('nocopy');
  return [name, target, ...(all.length > 0 ? [all.join(',')] : [])].filter((part) => part !== '').join(':');
}

type Mount = NonNullable<HostConfig['Mounts']>[number];

function renamedMount(mount: Mount, { volumes, emptyVolumes }: BodyInput): Mount {
  if (mount.Type !== 'volume') return mount;
  const Source = volumes.get(mount.Source) ?? mount.Source;
  const options = z.looseObject({}).catch({}).parse(mount['VolumeOptions']);
  return {
    ...mount,
    Source,
    ...(emptyVolumes.has(Source) && { VolumeOptions: { ...options, NoCopy: true } }),
  };
}

/** Engines before API 1.45 count a container's short ID among its aliases, and would carry it along. */
function withoutOldId({ network, config }: Endpoint, { id }: CapturedContainer): Endpoint {
  const { Aliases } = config;
  if (!Array.isArray(Aliases)) return { network, config };
  const aliases: readonly JsonValue[] = Aliases;
  return { network, config: { ...config, Aliases: aliases.filter((alias) => alias !== id.slice(0, 12)) } };
}
