import * as vscode from 'vscode';
import type { ListTree } from './listTree.ts';
import { renderItem, renderTooltip } from './renderItem.ts';
import type { DrydockItem, Wording } from './viewItem.ts';

/** Gives VS Code the items of one tree. */
export class NodeProvider implements vscode.TreeDataProvider<DrydockItem> {
  readonly #tree: ListTree;
  readonly #wording: Wording;
  readonly #extensionUri: vscode.Uri;
  readonly #changes = new vscode.EventEmitter<DrydockItem[] | undefined>();
  readonly onDidChangeTreeData = this.#changes.event;

  constructor(tree: ListTree, wording: Wording, extensionUri: vscode.Uri) {
    this.#tree = tree;
    this.#wording = wording;
    this.#extensionUri = extensionUri;
    tree.onRedraw((items) => {
      this.#changes.fire(items === undefined ? undefined : [...items]);
    });
  }

  async getChildren(item?: DrydockItem): Promise<DrydockItem[]> {
    return [...(item === undefined ? this.#tree.roots : await this.#tree.children(item))];
  }

  getParent(item: DrydockItem): DrydockItem | undefined {
    return this.#tree.parent(item);
  }

  getTreeItem(item: DrydockItem): vscode.TreeItem {
    return renderItem(item, this.#tree.face(item), this.#extensionUri);
  }

  resolveTreeItem(drawn: vscode.TreeItem, item: DrydockItem): vscode.TreeItem {
    const details = item.details(this.#wording);
    if (details !== undefined) drawn.tooltip = renderTooltip(details);
    return drawn;
  }

  dispose(): void {
    this.#changes.dispose();
  }
}
