import { digestOf, type Digest } from '../../../src/core/digest.ts';
import type {
  ContainerSummary,
  EngineEvent,
  ImageSummary,
  VolumeSummary,
} from '../../../src/core/engine/records.ts';

export function idOf(name: string): Digest {
  return digestOf(name);
}

export function image(name: string, more: Partial<ImageSummary> = {}): ImageSummary {
  return {
    id: idOf(name),
    tags: [`${name}:latest`],
    repoDigests: [],
    createdAtMs: 1_700_000_000_000,
    sizeBytes: 1_000_000,
    labels: {},
    ...more,
  };
}

export function container(name: string, more: Partial<ContainerSummary> = {}): ContainerSummary {
  return {
    id: idOf(name).slice('sha256:'.length),
    names: [name],
    image: 'web:latest',
    imageId: idOf('web'),
    command: 'sh',
    createdAtMs: 1_700_000_000_000,
    state: 'running',
    status: 'Up 2 minutes',
    health: 'none',
    ports: [],
    mounts: [],
    labels: {},
    networks: ['bridge'],
    ...more,
  };
}

export function volume(name: string, more: Partial<VolumeSummary> = {}): VolumeSummary {
  return {
    name,
    driver: 'local',
    mountpoint: `/data/volumes/${name}/_data`,
    createdAtMs: 1_700_000_000_000,
    scope: 'local',
    labels: {},
    options: {},
    ...more,
  };
}

export function mountOf(name: string): ContainerSummary['mounts'][number] {
  return { type: 'volume', name, source: name, target: `/mnt/${name}`, isReadOnly: false };
}

export function event(kind: 'image' | 'container' | 'volume' | 'network', action: string): EngineEvent {
  return { kind, action, subject: 'x', attributes: {}, timeMs: 0 };
}

export const connected: EngineEvent = { kind: 'connected' };
