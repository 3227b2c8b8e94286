import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import { helperLabel } from '../../../src/core/engine/helperLabel.ts';
import type { ContainerSummary, ImageSummary } from '../../../src/core/engine/records.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { ownedHelpers, ownerLabel, sweepHelpers } from '../../../src/core/volumes/ownedHelpers.ts';

describe('sweepHelpers', () => {
  const engine = unusableEngine('unix:///none', failure('engineUnreachable', { endpoint: 'none' }));
  /** No process has this number. */
  const ended = 2 ** 30;
  let self: ProcessIdentity;
  before(async () => {
    self = await currentProcess();
  });

  const labelled = (owner: ProcessIdentity, helper: string): Readonly<Record<string, string>> => ({
    [helperLabel]: helper,
    [ownerLabel]: ownedHelpers({ engine, owner }).labels?.[ownerLabel] ?? '',
  });
  const container = (name: string, labels: ContainerSummary['labels']): ContainerSummary => ({
    id: `id of ${name}`,
    names: [name],
    image: 'any',
    imageId: `sha256:${'a'.repeat(64)}`,
    command: '',
    createdAtMs: 0,
    state: 'created',
    status: '',
    health: 'none',
    ports: [],
    mounts: [],
    labels,
    networks: [],
  });
  const image = (tags: readonly string[], labels: ImageSummary['labels']): ImageSummary => ({
    id: digestOf('an image'),
    tags,
    repoDigests: [],
    createdAtMs: 0,
    sizeBytes: 0,
    labels,
  });

  /** What a sweep removes, and with which force. */
  const swept = async (
    { containers, images }: { containers: readonly ContainerSummary[]; images: readonly ImageSummary[] },
    { endpoint = 'unix:///none', owner = self } = {},
  ): Promise<readonly string[]> => {
    const removed: string[] = [];
    const there = {
      ...engine,
      endpoint,
      containers: {
        ...engine.containers,
        list: () => Promise.resolve(containers),
        remove: (ref: string, { force = false } = {}) => {
          removed.push(`${ref}${force ? ' by force' : ''}`);
          return Promise.resolve();
        },
      },
      images: {
        ...engine.images,
        list: () => Promise.resolve(images),
        remove: (ref: string) => {
          removed.push(ref);
          return Promise.resolve([]);
        },
      },
    };
    assert.equal(await sweepHelpers({ engine: there, owner }, unattended()), removed.length);
    return removed;
  };

  it('removes what a process left that has ended, without force', async () => {
    const labels = labelled({ ...self, pid: ended }, 'drydock-helper-1');
    const there = {
      containers: [container('drydock-helper-1', labels)],
      images: [image(['localhost/drydock-helper:1'], labels)],
    };
    assert.deepEqual(await swept(there), ['id of drydock-helper-1', 'localhost/drydock-helper:1']);
  });

  it('leaves what only has the labels, which any image may have and gives to its containers', async () => {
    const labels = labelled({ ...self, pid: ended }, 'drydock-helper-1');
    const there = { containers: [container('web', labels)], images: [image(['app:1', 'app:2'], labels)] };
    assert.deepEqual(await swept(there), []);
  });

  it('leaves on an engine that machines share what one may have made that has the same name as this', async () => {
    // As on macOS and Windows, where nothing but its name tells a machine.
    const owner = { ...self, bootId: '', pidNamespace: '', startTime: '' };
    const labels = labelled({ ...owner, pid: ended }, 'drydock-helper-1');
    const there = { containers: [container('drydock-helper-1', labels)], images: [] };
    assert.deepEqual(await swept(there, { endpoint: 'tcp://build:2376', owner }), []);
    assert.deepEqual(await swept(there, { endpoint: 'npipe:////./pipe/docker_engine', owner }), [
      'id of drydock-helper-1',
    ]);
  });
});
