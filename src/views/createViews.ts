import * as vscode from 'vscode';
import { viewIds, type ContextKeys } from '../contributions.ts';
import type { Digest } from '../core/digest.ts';
import type { ImageLayer } from '../core/inspect/imageLayers.ts';
import type { Inventory, InventoryState } from '../core/inspect/inventory.ts';
import type { ProtectionInUse } from '../vaults/protectionInUse.ts';
import type { VaultList } from '../vaults/vaultList.ts';
import { ArchiveDrop } from './archiveDrop.ts';
import { BackupDecorations, unprotectedBadge } from './backupDecorations.ts';
import { backupsTree } from './backupsTree.ts';
import type { ContainerSize } from './detailItem.ts';
import { FileBranches, type InsideImages } from './fileBranches.ts';
import { FileDecorations } from './fileDecorations.ts';
import { FilesInView } from './filesInView.ts';
import { containersTree } from './containersTree.ts';
import { imagesTree } from './imagesTree.ts';
import { FilesDrop } from './filesDrop.ts';
import { LiveBranches, type LiveListings } from './liveBranches.ts';
import type { ListTree, ReadSetting } from './listTree.ts';
import type { LiveSource } from '../core/fileTrees/liveSource.ts';
import type { LiveSources } from '../inside/liveSources.ts';
import type { DrydockNode } from './node.ts';
import { registriesTree } from './registriesTree.ts';
import type { ListedRegistries } from './remoteBranches.ts';
import { NodeProvider } from './nodeProvider.ts';
import type { DrydockItem, Wording } from './viewItem.ts';
import { volumesTree } from './volumesTree.ts';

export type ViewName = keyof typeof viewIds;

export interface ViewsDeps {
  readonly inventory: Inventory;
  /** The steps of an image's history, newest first. */
  readonly history: (imageId: Digest) => Promise<readonly ImageLayer[]>;
  /** Measures one container, when a person opens it. */
  readonly containerSize: (id: string) => Promise<ContainerSize>;
  readonly live: LiveListings & Pick<LiveSources, 'onDidRefresh'>;
  readonly readSetting: ReadSetting;
  readonly vaults: VaultList;
  readonly registries: ListedRegistries;
  readonly protection: ProtectionInUse;
  readonly inside: InsideImages;
}

/** The trees, as commands and tests use them. */
export interface Views {
  /** Shows only what holds every word of `text`; an empty text shows everything. */
  setFilter(view: ViewName, text: string): void;
  readonly filters: Readonly<Record<ViewName, string>>;
  selection(view: ViewName): readonly DrydockNode[];
  /** The files below images. */
  readonly files: FilesInView;
  /** Opens and selects the changes or the files of a container or a volume; false where the tree does not show it. */
  revealLive(what: 'changes' | 'liveFiles', source: LiveSource): Promise<boolean>;
  /** What each tree shows, for tests. */
  readonly api: Readonly<Record<ViewName, vscode.TreeDataProvider<DrydockItem>>>;
  dispose(): void;
}

interface OpenView {
  readonly tree: ListTree;
  readonly provider: NodeProvider;
  readonly view: vscode.TreeView<DrydockItem>;
}

const minuteMs = 60_000;

/** Opens the views of package.json on the inventory. */
export function createViews(
  context: { readonly extensionUri: vscode.Uri },
  { inventory, history, containerSize, live, readSetting, vaults, registries, protection, inside }: ViewsDeps,
): Views {
  const wording: Wording = {
    l10n: { t: (message, args) => vscode.l10n.t(message, { ...args }) },
    language: vscode.env.language,
    nowMs: () => Date.now(),
  };
  const deps = { inventory, readSetting, wording, protection: () => protection.current() };
  const branches = new FileBranches(inside);
  const disposables: { dispose(): unknown }[] = [];

  const open = (name: ViewName, tree: ListTree): OpenView => {
    const provider = new NodeProvider(tree, wording, context.extensionUri);
    const view = vscode.window.createTreeView(viewIds[name], {
      treeDataProvider: provider,
      canSelectMany: true,
      showCollapseAll: true,
      ...(name === 'backups' || name === 'registries'
        ? {}
        : { dragAndDropController: name === 'images' ? new ArchiveDrop() : new FilesDrop() }),
    });
    disposables.push(
      view,
      provider,
      tree,
      view.onDidExpandElement(({ element }) => {
        tree.setExpanded(element, true);
      }),
      view.onDidCollapseElement(({ element }) => {
        tree.setExpanded(element, false);
      }),
    );
    return { tree, provider, view };
  };
  const liveBranches = new LiveBranches(live);
  const views: Readonly<Record<ViewName, OpenView>> = {
    images: open('images', imagesTree({ ...deps, history, branches })),
    containers: open('containers', containersTree({ ...deps, containerSize, live: liveBranches })),
    volumes: open('volumes', volumesTree({ ...deps, live: liveBranches })),
    backups: open('backups', backupsTree({ vaults, readSetting, wording })),
    registries: open('registries', registriesTree({ registries, wording })),
  };
  const all = Object.values(views);

  const watch = (): void => {
    inventory.setWatched(vscode.window.state.focused && views.images.view.visible);
  };
  const ageing = setInterval(() => {
    for (const { tree, view } of all) if (view.visible) tree.age();
    protection.renew();
  }, minuteMs);
  const count = (): void => {
    views.backups.view.badge = unprotectedBadge(protection.unprotected(), wording);
  };
  disposables.push(
    vscode.window.registerFileDecorationProvider(new BackupDecorations(wording)),
    vscode.window.registerFileDecorationProvider(new FileDecorations(wording)),
    protection.onDidChange(() => {
      for (const { tree } of [views.images, views.containers, views.volumes]) tree.update();
      count();
    }),
    live.onDidRefresh((source) => {
      const { tree } = source.kind === 'container' ? views.containers : views.volumes;
      const item = tree.find((one) => isSource(one, source));
      if (item === undefined) return;
      const drawn = liveBranches.of(item, source);
      for (const branch of drawn) if (branch.kind === 'changes') branch.update(undefined);
      tree.redraw(drawn);
    }),
    {
      dispose: () => {
        clearInterval(ageing);
      },
    },
    views.images.view.onDidChangeVisibility(watch),
    vscode.window.onDidChangeWindowState(watch),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('drydock')) for (const { tree } of all) tree.update();
    }),
    inventory.onDidChange((change) => {
      if (change.kind === 'state') showState(inventory.state, views.images.view);
      count();
      // After the trees, which follow the inventory too and were there first.
      for (const one of all) showFilter(one);
    }),
  );
  watch();
  showState(inventory.state, views.images.view);

  const setFilter = (view: ViewName, text: string): void => {
    views[view].tree.filter = text;
    showFilter(views[view]);
    setContext(
      'drydock.filtered',
      all.some(({ tree }) => tree.filter !== ''),
    );
  };
  return {
    setFilter,
    get filters() {
      return {
        images: views.images.tree.filter,
        containers: views.containers.tree.filter,
        volumes: views.volumes.tree.filter,
        backups: views.backups.tree.filter,
        registries: views.registries.tree.filter,
      };
    },
    selection: (view) => views[view].view.selection,
    files: new FilesInView({
      branches,
      inside,
      ...views.images,
      showAll: () => {
        setFilter('images', '');
      },
    }),
    async revealLive(what, source) {
      const { tree, view } = source.kind === 'container' ? views.containers : views.volumes;
      const item = tree.find((one) => isSource(one, source));
      const branch = item && (await tree.children(item)).find(({ kind }) => kind === what);
      if (branch === undefined) return false;
      // Whatever is drawn again meanwhile is drawn open.
      tree.setExpanded(branch, true);
      await view.reveal(branch, { expand: true, focus: true });
      return true;
    },
    api: {
      images: views.images.provider,
      containers: views.containers.provider,
      volumes: views.volumes.provider,
      backups: views.backups.provider,
      registries: views.registries.provider,
    },
    dispose: () => {
      for (const disposable of disposables) disposable.dispose();
    },
  };
}

function isSource(item: DrydockItem, source: LiveSource): boolean {
  return source.kind === 'container'
    ? item.kind === 'container' && item.id === source.id
    : item.kind === 'volume' && item.name === source.name;
}

function showFilter({ tree, view }: OpenView): void {
  const { filter: text, shown, total } = tree;
  const message =
    text === '' ? '' : vscode.l10n.t('Filter “{text}”: {shown} of {total}', { text, shown, total });
  if ((view.message ?? '') !== message) view.message = message;
}

/** Tells `when` clauses the state, and people which machine they look at. */
function showState(state: InventoryState, topView: vscode.TreeView<DrydockItem>): void {
  setContext('drydock.engine', engineKey(state));
  const host = state.kind === 'ready' ? state.info.hostName : '';
  if ((topView.description ?? '') !== host) topView.description = host;
}

function engineKey(state: InventoryState): ContextKeys['drydock.engine'] {
  if (state.kind === 'failed') return state.hasBeenReady ? 'lost' : 'missing';
  return state.kind;
}

function setContext<K extends keyof ContextKeys>(key: K, value: ContextKeys[K]): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
