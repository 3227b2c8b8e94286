import * as z from 'zod';
import type {
  ContainerDetails,
  ContainerState,
  ContainerSummary,
  FileChange,
  HealthState,
  MountSummary,
  PortMapping,
} from '../../core/engine/records.ts';
import { count, digestFrom, keys, optionalCount, text, textMap, texts, timeMs } from './parseWire.ts';
import { runConfig } from './runConfig.ts';

const states: readonly ContainerState[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
];

const port = z
  .object({ PrivatePort: z.number(), Type: text, IP: text, PublicPort: optionalCount })
  .transform((wire): PortMapping => ({
    containerPort: wire.PrivatePort,
    protocol: wire.Type === '' ? 'tcp' : wire.Type,
    ...(wire.IP === '' ? {} : { hostIp: wire.IP }),
    ...(wire.PublicPort ? { hostPort: wire.PublicPort } : {}),
  }));

const mount = z
  .object({
    Type: text,
    Name: text,
    Source: text,
    Destination: text,
    RW: z.boolean().nullish().catch(null),
  })
  .transform((wire): MountSummary => ({
    type: wire.Type === '' ? (wire.Name === '' ? 'bind' : 'volume') : wire.Type,
    ...(wire.Name === '' ? {} : { name: wire.Name }),
    source: wire.Source,
    target: wire.Destination,
    isReadOnly: wire.RW === false,
  }));

const mounts = listOf(mount);

/** A row of `GET /containers/json`. */
export const containerSummary = z
  .object({
    Id: z.string().min(1),
    Names: texts,
    Image: text,
    ImageID: text,
    Command: text,
    Created: count,
    State: text,
    Status: text,
    // From API 1.52 on.
    Health: z.object({ Status: text }).nullish().catch(null),
    Ports: listOf(port),
    Mounts: mounts,
    Labels: textMap,
    NetworkSettings: z.object({ Networks: keys }).nullish().catch(null),
  })
  .transform((wire): ContainerSummary => ({
    id: wire.Id,
    names: ownNameFirst(wire.Names),
    image: wire.Image,
    imageId: digestFrom(wire.ImageID) ?? wire.ImageID,
    command: wire.Command,
    createdAtMs: wire.Created * 1000,
    state: stateOf(wire.State, wire.Status),
    status: wire.Status,
    health: healthOf(wire.Health?.Status ?? '', wire.Status),
    ports: wire.Ports,
    mounts: wire.Mounts,
    labels: wire.Labels,
    networks: wire.NetworkSettings?.Networks ?? [],
  }));

/** `GET /containers/{ref}/json`. */
export const containerDetails = z
  .object({
    Id: z.string().min(1),
    Name: text,
    Image: text,
    Created: text,
    Platform: text,
    State: z
      .object({
        Status: text,
        Health: z.object({ Status: text }).nullish().catch(null),
        // What Podman before 4 called it.
        Healthcheck: z.object({ Status: text }).nullish().catch(null),
      })
      .nullish()
      .catch(null),
    Config: z.object({ Image: text }).nullish().catch(null),
    Mounts: mounts,
    SizeRw: optionalCount,
    SizeRootFs: optionalCount,
  })
  .transform((wire): Omit<ContainerDetails, 'raw' | 'config'> => {
    const createdAtMs = timeMs(wire.Created);
    return {
      id: wire.Id,
      name: wire.Name.replace(/^\//, ''),
      image: wire.Config?.Image ?? '',
      imageId: digestFrom(wire.Image) ?? wire.Image,
      state: stateOf(wire.State?.Status ?? '', ''),
      health: healthOf((wire.State?.Health ?? wire.State?.Healthcheck)?.Status ?? '', ''),
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
      ...(wire.Platform === '' ? {} : { platform: wire.Platform }),
      mounts: wire.Mounts,
      ...(wire.SizeRw === undefined ? {} : { writableBytes: wire.SizeRw }),
      ...(wire.SizeRootFs === undefined ? {} : { rootfsBytes: wire.SizeRootFs }),
    };
  });

/** The answer to `POST /containers/create`. */
export const madeContainer = z
  .object({ Id: z.string().min(1), Warnings: texts })
  .transform((wire) => ({ id: wire.Id, warnings: wire.Warnings }));

const changeKinds = ['modified', 'added', 'deleted'] as const;

/** A row of `GET /containers/{ref}/changes`. */
export const fileChange = z
  .object({ Path: z.string().min(1), Kind: z.union([z.literal(0), z.literal(1), z.literal(2)]) })
  .transform((wire): FileChange => ({ path: wire.Path, kind: changeKinds[wire.Kind] }));

/** The run configuration in `GET /containers/{ref}/json`. */
export const containerConfig = z.object({ Config: runConfig }).transform((wire) => wire.Config);

/** The state an engine names; where it names none, what its sentence begins with. */
export function stateOf(state: string, status: string): ContainerState {
  const known = states.find((candidate) => candidate === state.toLowerCase());
  if (known !== undefined) return known;
  // Podman has words of its own.
  if (state === 'configured' || state === 'initialized') return 'created';
  if (state === 'stopped' || state === 'stopping') return 'exited';
  if (/^up\b/i.test(status)) return status.includes('(Paused)') ? 'paused' : 'running';
  const [first = ''] = status.toLowerCase().split(/[\s(]/);
  if (first === 'removal') return 'removing';
  return states.find((candidate) => candidate === first) ?? 'unknown';
}

/** Health as the engine states it, else from its sentence, such as `Up 2 hours (healthy)`. */
export function healthOf(stated: string, status: string): HealthState {
  const word =
    stated === '' ? (/\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status)?.[1] ?? '') : stated;
  switch (word) {
    case 'starting':
    case 'healthy':
    case 'unhealthy':
      return word;
    default:
      return 'none';
  }
}

/** Links show up as further names with a slash inside; the container's own has none. */
function ownNameFirst(names: readonly string[]): readonly string[] {
  const plain = names.map((name) => name.replace(/^\//, ''));
  return [...plain.filter((name) => !name.includes('/')), ...plain.filter((name) => name.includes('/'))];
}

/** A list whose odd items are left out. */
function listOf<T>(item: z.ZodType<T>) {
  return z
    .array(item.nullable().catch(null))
    .nullish()
    .catch(null)
    .transform((items): readonly T[] => (items ?? []).filter((one): one is Awaited<T> & T => one !== null));
}
