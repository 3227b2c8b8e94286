import * as z from 'zod';
import type { EngineInfo } from '../../core/engine/records.ts';
import { platformOf } from './imageRecords.ts';
import { text } from './parseWire.ts';

const names = z.array(z.string()).nullish().catch(null);

/** `GET /info`. */
export const infoAnswer = z.object({
  ID: text,
  Name: text,
  Driver: text,
  DockerRootDir: text,
  DriverStatus: z.array(z.array(z.string())).nullish().catch(null),
  Plugins: z.object({ Volume: names, Network: names, Log: names }).nullish().catch(null),
  Runtimes: z.record(z.string(), z.unknown()).nullish().catch(null),
});

/** `GET /version`. */
export const versionAnswer = z.object({
  Version: text,
  Os: text,
  Arch: text,
  Components: z
    .array(z.object({ Name: text }))
    .nullish()
    .catch(null),
});

/** What both answers together say about an engine. */
export function engineInfo(
  info: z.output<typeof infoAnswer>,
  version: z.output<typeof versionAnswer>,
  apiVersion: string,
): EngineInfo {
  const isPodman = version.Components?.some((part) => part.Name.startsWith('Podman')) ?? false;
  // The containerd image store names its driver after containerd's plug-in type; there is no other mark of it.
  const isContainerd =
    info.DriverStatus?.some(([key, value]) => key === 'driver-type' && value?.startsWith('io.containerd.')) ??
    false;
  return {
    // Podman has none and makes one up for each answer; by that nobody would know it again.
    id: isPodman ? '' : info.ID,
    hostName: info.Name,
    product: isPodman ? 'podman' : 'docker',
    version: version.Version,
    apiVersion,
    imageStore: isContainerd ? 'containerd' : 'graphdriver',
    storageDriver: info.Driver,
    ...(info.DockerRootDir === '' ? {} : { dataRoot: info.DockerRootDir }),
    platform: platformOf(version.Os, version.Arch, ''),
    drivers: {
      ...(info.Plugins?.Volume && { volume: info.Plugins.Volume }),
      ...(info.Plugins?.Network && { network: info.Plugins.Network }),
      // Podman takes names that it does not list: its containers are said to have the log driver json-file and the
      // runtime oci.
      ...(!isPodman && info.Plugins?.Log && { log: info.Plugins.Log }),
      ...(!isPodman && info.Runtimes && { runtime: Object.keys(info.Runtimes) }),
    },
  };
}
