import { digestOf, type Digest } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type {
  ContainerSummary,
  HistoryEntry,
  ImageDetails,
  ImageSummary,
  VolumeSummary,
} from '../../../src/core/engine/records.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { nowMs } from './runCliHere.ts';
import { emptyRunConfig } from '../../support/emptyRunConfig.ts';

interface Content {
  readonly images?: readonly ImageSummary[];
  readonly containers?: readonly ContainerSummary[];
  readonly volumes?: readonly VolumeSummary[];
  readonly history?: readonly HistoryEntry[];
}

/** An engine that lists what it is given; every other call fails. */
export function fakeEngine(content: Content): Engine {
  const none = unusableEngine('unix:///fake', failure('unexpected', { reason: 'not part of this test' }));
  const images = content.images ?? [];
  return {
    ...none,
    images: {
      ...none.images,
      list: () => Promise.resolve(images),
      inspect: (ref) => {
        const found = images.find(({ id, tags }) => id === ref || tags.includes(ref));
        return found === undefined
          ? Promise.reject(failure('engineNotFound', { kind: 'image', name: ref }))
          : Promise.resolve(detailsOf(found));
      },
      history: () => Promise.resolve(content.history ?? []),
    },
    containers: { ...none.containers, list: () => Promise.resolve(content.containers ?? []) },
    volumes: {
      ...none.volumes,
      list: () => Promise.resolve(content.volumes ?? []),
      usage: () => Promise.resolve([{ name: 'measured', sizeBytes: 4096 }]),
    },
  };
}

function detailsOf(image: ImageSummary): ImageDetails {
  return {
    ...image,
    platform: { os: 'linux', architecture: 'amd64' },
    diffIds: [digestOf('layer')],
    config: emptyRunConfig,
    raw: {},
  };
}

export function anImage(name: string, more: Partial<ImageSummary> = {}): ImageSummary {
  return {
    id: digestOf(name),
    tags: [name],
    repoDigests: [],
    createdAtMs: nowMs - 3 * 86_400_000,
    sizeBytes: 1_234_567,
    labels: {},
    ...more,
  };
}

export function anId(hex: string): Digest {
  return `sha256:${hex.padEnd(64, '0')}` as Digest;
}

export function aContainer(name: string, more: Partial<ContainerSummary> = {}): ContainerSummary {
  return {
    id: digestOf(name).slice('sha256:'.length),
    names: [name],
    image: 'app:1',
    imageId: digestOf('app:1'),
    command: 'sleep 1',
    createdAtMs: nowMs - 3_600_000,
    state: 'running',
    status: 'Up 1 hour',
    health: 'none',
    ports: [],
    mounts: [],
    labels: {},
    networks: [],
    ...more,
  };
}
