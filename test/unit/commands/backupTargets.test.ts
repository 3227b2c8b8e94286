import assert from 'node:assert/strict';
import { backupTargets, isNothing, subjectsOf } from '../../../src/commands/backupTargets.ts';
import type { CommandContext } from '../../../src/commands/context.ts';
import { digestOf } from '../../../src/core/digest.ts';
import type { DrydockNode, ImageNode } from '../../../src/views/node.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';

const app = digestOf('app');
const older = digestOf('older');
const snapshot = snapshotRecord('web', { source: { kind: 'container', name: 'web' } });

/** An engine that knows one image by two tags, one container and nothing else. */
const context = {
  engine: () => ({
    images: { inspect: (name: string) => Promise.resolve({ id: app, tags: ['app:1', 'app:2'], name }) },
    containers: { inspect: (name: string) => Promise.resolve({ id: `id-of-${name}` }) },
  }),
  vaults: {
    list: { find: () => ({ state: { kind: 'open', snapshots: [snapshot] } }) },
  },
} as unknown as Pick<CommandContext, 'engine' | 'vaults'>;

const tagged = (tag: string, id = app): ImageNode => ({ kind: 'image', id, tag });

async function targetsOf(...nodes: readonly DrydockNode[]) {
  return backupTargets(context, nodes);
}

describe('what a backup is of', () => {
  it('is an image once, with all tags that were chosen', async () => {
    const { images } = await targetsOf(tagged('app:1'), tagged('app:2'), tagged('app:0', older));
    assert.deepEqual(images, [
      { id: app, tags: ['app:1', 'app:2'] },
      { id: older, tags: ['app:0'] },
    ]);
    const repository = { kind: 'repository', repository: 'app', images: [tagged('app:1')] } as const;
    assert.deepEqual((await targetsOf(repository, tagged('app:1'))).images, [{ id: app, tags: ['app:1'] }]);
  });

  it('is a Compose project as a whole, not its containers one by one', async () => {
    const container = { kind: 'container', id: 'c1', name: 'shop-web-1' } as const;
    const targets = await targetsOf({ kind: 'project', project: 'shop', containers: [container] });
    assert.deepEqual([targets.projects, targets.containers], [['shop'], []]);
  });

  it('is the source of a node of the Backups view, as the engine has it now', async () => {
    const source = (kind: 'image' | 'volume', name: string): DrydockNode => ({
      kind: 'source',
      vaultPath: '/v',
      source: snapshotRecord('x', { source: { kind, name } }).source,
    });
    const node = { kind: 'snapshot', vaultPath: '/v', id: snapshot.id, refName: 'web' } as const;
    const targets = await targetsOf(source('image', 'app:2'), source('volume', 'data'), node);
    assert.deepEqual(targets, {
      images: [{ id: app, tags: ['app:2'] }],
      containers: [{ id: 'id-of-web', name: 'web' }],
      volumes: ['data'],
      projects: [],
    });
    assert.deepEqual(subjectsOf(targets), ['app:2', 'web', 'data']);
  });

  it('is nothing for nodes that only tell', async () => {
    assert.ok(isNothing(await targetsOf({ kind: 'message', reason: 'loading' })));
  });
});
