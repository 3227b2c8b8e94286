import type { Settings } from '../../../src/contributions.ts';
import { Inventory } from '../../../src/core/inspect/inventory.ts';
import type { ListTree, Redraw, TreeDeps } from '../../../src/views/listTree.ts';
import type { DrydockItem, Wording } from '../../../src/views/viewItem.ts';
import { HandTimers, settled } from '../inventory/handTimers.ts';
import { connected } from '../inventory/records.ts';
import { RecordingEngine } from '../inventory/recordingEngine.ts';
import { plainWording } from './plainWording.ts';

export const settings: Settings = {
  'engine.host': '',
  'archive.form': 'docker-archive',
  'archive.compression': 'none',
  'archive.folder': '',
  'images.sort': 'name',
  'images.showDangling': true,
  'containers.sort': 'name',
  'containers.groupByProject': true,
  'volumes.sort': 'name',
  'commit.pause': true,
  vaults: [],
  defaultVault: '',
  registries: [],
  'backup.policies': [],
  'backup.compression': 'zstd',
  'backup.consistency': 'pause',
  'backup.transport': 'auto',
  'backup.includeBinds': false,
  beforeLoss: 'ask',
  'lens.enabled': true,
  'lens.heat': false,
};

/** A tree on an inventory whose engine is in memory. */
export interface OpenTree {
  readonly tree: ListTree;
  readonly engine: RecordingEngine;
  readonly inventory: Inventory;
  readonly timers: HandTimers;
  readonly redraws: Redraw[];
  /** Lists what the engine holds now. */
  refresh(): Promise<void>;
}

export async function openTree(
  make: (deps: TreeDeps) => ListTree,
  fill: (engine: RecordingEngine) => void,
  changed: Partial<Settings> = {},
  wording: Wording = plainWording,
): Promise<OpenTree> {
  const timers = new HandTimers();
  const inventory = new Inventory({ timers });
  const engine = new RecordingEngine();
  fill(engine);
  const all = { ...settings, ...changed };
  const tree = make({ inventory, readSetting: (id) => all[id], wording });
  inventory.use(engine);
  engine.emit(connected);
  await settled();
  const redraws: Redraw[] = [];
  tree.onRedraw((redraw) => redraws.push(redraw));
  return { tree, engine, inventory, timers, redraws, refresh: () => inventory.refresh() };
}

/** The tree as an outline, one line for each item: what it says, two spaces further in for each level. */
export async function outline(tree: ListTree): Promise<string[]> {
  const lines: string[] = [];
  const add = async (items: readonly DrydockItem[], indent: string): Promise<void> => {
    for (const item of items) {
      const { label, description, expansion } = tree.face(item);
      lines.push(`${indent}${label}${description === undefined ? '' : ` | ${description}`}`);
      if (expansion !== 'leaf') await add(await tree.children(item), `${indent}  `);
    }
  };
  await add(tree.roots, '');
  return lines;
}
