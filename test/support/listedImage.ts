import { digestOf } from '../../src/core/digest.ts';
import type { LayeredImage } from '../../src/core/layers/layeredImage.ts';
import type { LayerEntry } from '../../src/core/vault/layerEntry.ts';

/** `a/b` is a file of so many bytes, `a/.wh.b` takes one away, `a/` is a folder. */
export type GivenEntry = readonly [path: string, sizeBytes?: number, more?: Partial<LayerEntry>];

/** A step of the history; with entries it made a layer. */
export interface GivenStep {
  readonly by: string;
  readonly comment?: string;
  readonly entries?: readonly GivenEntry[];
}

/** An image of which only the lists are there; `run` is the part of its config that says how it runs. */
export function listedImage(
  steps: readonly GivenStep[],
  run: Readonly<Record<string, unknown>> = {},
): LayeredImage {
  const layers = steps.flatMap(({ entries }) => (entries === undefined ? [] : [entries.map(entryOf)]));
  const diffIds = layers.map((entries, place) => digestOf(JSON.stringify([place, entries])));
  return {
    name: 'app:1',
    kind: 'image',
    tags: ['app:1'],
    platform: { os: 'linux', architecture: 'amd64' },
    configDigest: digestOf(JSON.stringify([steps, run])),
    config: {
      os: 'linux',
      architecture: 'amd64',
      config: run,
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: steps.map(({ by, comment, entries }) => ({
        created_by: by,
        ...(comment !== undefined && { comment }),
        ...(entries === undefined && { empty_layer: true }),
      })),
    },
    layers: layers.map((entries, place) => ({
      diffId: diffIds[place] ?? digestOf(''),
      tarBytes: 1024,
      entries: () => entries,
    })),
  };
}

function entryOf([path, size = 0, more = {}]: GivenEntry): LayerEntry {
  const isFolder = path.endsWith('/');
  return {
    path,
    type: isFolder ? 'directory' : 'file',
    mode: isFolder ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: 0,
    header: 0,
    offset: 512,
    ...(isFolder ? {} : { sha256: digestOf(`${path} ${size}`).slice('sha256:'.length) }),
    ...more,
  };
}
