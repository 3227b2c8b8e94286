import assert from 'node:assert/strict';
import { failure } from '../../../src/core/errors.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import type { Vault } from '../../../src/core/vault/layout.ts';
import type { KnownVault } from '../../../src/vaults/vaultList.ts';
import { backupsTree } from '../../../src/views/backupsTree.ts';
import type { ListTree, Redraw } from '../../../src/views/listTree.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';
import { outline, settings } from './openTree.ts';
import { plainWording } from './plainWording.ts';

const madeMs = 1_700_000_000_000;
const time = (ms: number): string =>
  new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' }).format(ms);
const opened = { settings: { compression: 'zstd' } } as Vault;

function open(name: string, snapshots: readonly Snapshot[]): KnownVault {
  return { name, path: `/vaults/${name}`, state: { kind: 'open', vault: opened, snapshots } };
}

/** A tree on a list of vaults that a test changes by hand. */
function treeOf(first: readonly KnownVault[], defaultVault = '') {
  let vaults = first;
  const listeners = new Set<() => void>();
  const all = { ...settings, defaultVault };
  const tree: ListTree = backupsTree({
    vaults: {
      get vaults() {
        return vaults;
      },
      onDidChange: (listener) => {
        listeners.add(listener);
        return { dispose: () => void listeners.delete(listener) };
      },
    },
    readSetting: (id) => all[id],
    wording: plainWording,
  });
  const redraws: Redraw[] = [];
  tree.onRedraw((redraw) => redraws.push(redraw));
  const change = (next: readonly KnownVault[]): void => {
    vaults = next;
    for (const listener of listeners) listener();
  };
  return { tree, redraws, change };
}

describe('the tree of backups', () => {
  const newer = snapshotRecord('newer', {
    verified: { atMs: madeMs, depth: 'contents' },
    isPinned: true,
    remarkCount: 2,
    tags: ['before upgrade'],
  });
  const older = snapshotRecord('older', {
    createdMs: madeMs - 86_400_000,
    damaged: { atMs: madeMs, reason: 'gone' },
  });
  const web = snapshotRecord('web', {
    createdMs: madeMs - 3_600_000,
    source: { kind: 'container', name: 'web', engineId: 'engine-2', engineName: 'far' },
  });

  it('shows vaults, what they have snapshots of, and the snapshots with all that the list tells', async () => {
    const { tree } = treeOf([open('safe', [newer, web, older])]);
    assert.deepEqual(await outline(tree), [
      'safe | 3 snapshots',
      '  data | 2 snapshots · yesterday · dock',
      `    ${time(madeMs)} | yesterday · 2.00 MB · 1.00 kB new · verified · pinned · 2 remarks · before upgrade`,
      `    ${time(madeMs - 86_400_000)} | 2 days ago · 2.00 MB · 1.00 kB new · damaged`,
      '  web | 1 snapshot · yesterday · far',
      `    ${time(madeMs - 3_600_000)} | yesterday · 2.00 MB · 1.00 kB new · not verified`,
    ]);
  });

  it('is empty without a vault, for its welcome text', () => {
    assert.deepEqual(treeOf([]).tree.roots, []);
  });

  it('says of each vault whether it is being opened, can’t be, or has nothing yet', async () => {
    const error = failure('notAVault', { path: '/vaults/gone', reason: 'it has no file oci-layout' });
    const nowhere = failure('registryMissing', { host: 'hub.test', name: 'team/new' });
    const { tree } = treeOf(
      [
        { name: 'slow', path: '/vaults/slow', state: { kind: 'opening' } },
        { name: 'gone', path: '/vaults/gone', state: { kind: 'failed', error } },
        { name: 'far', path: 'registry://hub.test/team/new', state: { kind: 'failed', error: nowhere } },
        open('new', []),
      ],
      'new',
    );
    assert.deepEqual(await outline(tree), [
      'slow | Loading…',
      '  Loading…',
      'gone | can’t be opened',
      `  ${error.message}`,
      'far | nothing there yet',
      '  Nothing there yet | copy a snapshot to it; if one is there, check the name and the log-in',
      'new | 0 snapshots · default',
      '  No snapshots yet | back something up',
    ]);
    const [, gone, , fresh] = tree.roots;
    assert.ok(gone !== undefined && fresh !== undefined);
    const commands = await Promise.all(
      [gone, fresh].map(async (vault) =>
        (await tree.children(vault)).map((item) => tree.face(item).command?.id),
      ),
    );
    assert.deepEqual(commands, [['drydock.refreshBackups'], ['drydock.backUp']]);
  });

  it('keeps its items and draws again what changed, when a snapshot is pinned or added', async () => {
    const { tree, redraws, change } = treeOf([open('safe', [older])]);
    const [vault] = tree.roots;
    assert.ok(vault !== undefined);
    const [source] = await tree.children(vault);
    assert.ok(source !== undefined);
    const [snapshot] = await tree.children(source);
    change([open('safe', [{ ...older, isPinned: true }])]);
    assert.equal(tree.roots[0], vault);
    assert.equal((await tree.children(source))[0], snapshot);
    assert.deepEqual(
      redraws.at(-1)?.map(({ key }) => key),
      [vault.key],
    );
    change([open('safe', [newer, older])]);
    assert.equal((await tree.children(source)).length, 2);
  });

  it('filters by what was backed up, and says when nothing fits', async () => {
    const { tree } = treeOf([open('safe', [newer, web])]);
    tree.filter = 'web';
    assert.equal((await outline(tree)).filter((line) => line.startsWith('  ') && line[2] !== ' ').length, 1);
    tree.filter = 'nothing';
    assert.deepEqual((await outline(tree)).at(-1), '  Nothing matches “nothing” | clear the filter');
  });

  it('opens a snapshot’s page when it is chosen, and says which can be unpinned', async () => {
    const { tree } = treeOf([open('safe', [newer, older])]);
    const faces = await Promise.all(
      tree.roots.map(async (vault) => {
        const [source] = await tree.children(vault);
        assert.ok(source !== undefined);
        return (await tree.children(source)).map((item) => tree.face(item));
      }),
    );
    assert.deepEqual(
      faces.flat().map(({ command, contextValue }) => [command?.id, command?.onItem, contextValue]),
      [
        ['drydock.openSnapshot', true, 'drydock.snapshot.pinned'],
        ['drydock.openSnapshot', true, 'drydock.snapshot'],
      ],
    );
  });
});
