import { fitting } from './changeFilter.ts';
import { changeColumns, tableLine, treeLine } from './changeList.ts';
import { isReadable, type ChangeRow } from './changeRows.ts';
import {
  allFolders,
  firstOpen,
  linesOf,
  sortColumns,
  sortedRows,
  treeOf,
  type ChangeLine,
  type ChangeNode,
} from './changeTree.ts';
import type { DiffContext } from './diffContext.ts';
import { switchView } from './diffHeader.ts';
import { button, element, fill } from './element.ts';
import { fileDetails } from './fileDetails.ts';
import { folderBars } from './folderBars.ts';
import { TreemapView } from './treemapView.ts';
import { Turns } from './turns.ts';
import { VirtualGrid } from './virtualGrid.ts';

const rowHeight = 24;
/** Lines that are open at first. */
const firstLines = 40;
/** And those that a search opens. */
const foundLines = 400;
const typingPauseMs = 120;

/** The changed files: pictures, the list as tree or table, and the chosen one in full. */
export class FilesView {
  readonly element: HTMLElement;
  readonly #context: DiffContext;
  readonly #all: readonly ChangeRow[];
  readonly #map: TreemapView;
  readonly #bars = element('div');
  readonly #pictures: HTMLElement;
  readonly #shown = element('span', { class: 'muted shown', attributes: { role: 'status' } });
  readonly #nothing: HTMLElement;
  readonly #details: HTMLElement;
  readonly #list = element('div', { class: 'list' });
  readonly #folderTools: HTMLElement;
  #grid: VirtualGrid;
  #rows: readonly ChangeRow[] = [];
  #root: ChangeNode | undefined;
  #lines: readonly ChangeLine[] = [];
  #open: ReadonlySet<string> | undefined;
  /** What was open before a search. */
  #openBefore: ReadonlySet<string> | undefined;
  /** Counts what was asked for, so that the answer to an older question is dropped. */
  #asked = 0;

  constructor(context: DiffContext, rows: readonly ChangeRow[]) {
    this.#context = context;
    this.#all = rows;
    const { strings } = context;
    this.#map = new TreemapView(context, (node) => {
      void this.#reveal(node);
    });
    this.#pictures = element('div', { class: 'pictures' }, [this.#map.element, this.#bars]);
    this.#nothing = element('p', { class: 'muted nothing' });
    this.#nothing.hidden = true;
    this.#details = element('aside', { class: 'details', attributes: { 'aria-label': strings.details } });
    this.#folderTools = element('span', { class: 'folder-tools' }, [
      button({
        class: 'secondary',
        text: strings.expandAll,
        onClick: () => {
          void this.#expandAll();
        },
      }),
      button({
        class: 'secondary',
        text: strings.collapseAll,
        onClick: () => {
          this.#open = new Set();
          void this.#arrange();
        },
      }),
    ]);
    this.#grid = this.#newGrid();
    this.element = element('div', { class: 'files' }, [
      this.#pictures,
      this.#tools(),
      this.#nothing,
      element('div', { class: 'list-and-details' }, [this.#list, this.#details]),
    ]);
    this.#list.append(this.#grid.element);
    void this.refresh();
  }

  /** Filters anew, draws the pictures of what is left, and lists it. */
  async refresh(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const { strings, language, head, view } = this.#context;
    const turns = new Turns();
    const { query, kinds } = view();
    const rows = await fitting(this.#all, { kinds: new Set(kinds), query }, turns);
    const root = await treeOf(rows, turns);
    if (asked !== this.#asked) return;
    this.#rows = rows;
    this.#root = root;
    this.#shown.textContent = fill(strings.shown, {
      shown: rows.length.toLocaleString(language),
      all: head.rowCount.toLocaleString(language),
    });
    this.#nothing.textContent = this.#all.length === 0 ? strings.same : strings.nothingFits;
    this.#nothing.hidden = rows.length > 0;
    this.#pictures.hidden = root.weight === 0;
    this.#map.show(root);
    this.#bars.replaceChildren(
      folderBars(root, this.#context, (node) => {
        void this.#reveal(node);
      }),
    );
    // A search opens what it found, as far as it fits on a few screens, and leaves what was open as it was.
    if (query !== '') {
      this.#openBefore ??= this.#open;
      this.#open = firstOpen(root, foundLines);
    } else {
      this.#open = this.#openBefore ?? this.#open ?? firstOpen(root, firstLines);
      this.#openBefore = undefined;
    }
    await this.#arrange();
  }

  /** Lists what fits in the order and the arrangement that are chosen. `path` becomes the current line. */
  async #arrange(path = this.#currentPath()): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const { view } = this.#context;
    const root = this.#root;
    const { arrangement, sort } = view();
    if (root === undefined) return;
    const turns = new Turns();
    const isTree = arrangement === 'tree';
    const lines = isTree ? await linesOf(root, { open: this.#open ?? new Set(), sort }, turns) : [];
    const rows = isTree ? this.#rows : await sortedRows(this.#rows, sort, turns);
    if (asked !== this.#asked) return;
    this.#lines = lines;
    this.#rows = rows;
    this.#folderTools.hidden = !isTree;
    if (this.#grid.element.getAttribute('role') !== (isTree ? 'treegrid' : 'grid')) {
      this.#grid = this.#newGrid();
      this.#list.replaceChildren(this.#grid.element);
    }
    const count = isTree ? lines.length : rows.length;
    this.#grid.element.hidden = count === 0;
    this.#details.hidden = count === 0;
    const current = isTree
      ? lines.findIndex(({ node }) => node.path === path)
      : rows.findIndex((row) => row.path === path);
    this.#grid.setRows(count, Math.max(0, current));
    this.#grid.showSort(sort.column, sort.isDescending);
  }

  #tools(): HTMLElement {
    const { strings, view, keep } = this.#context;
    const search = element('input', {
      attributes: { type: 'search', placeholder: strings.search, 'aria-label': strings.search },
    });
    search.value = view().query;
    let pause = 0;
    search.addEventListener('input', () => {
      clearTimeout(pause);
      pause = setTimeout(() => {
        keep({ query: search.value });
        void this.refresh();
      }, typingPauseMs);
    });
    const arrangements = [
      ['tree', strings.tree, ''],
      ['table', strings.table, ''],
    ] as const;
    return element('div', { class: 'tools' }, [
      search,
      switchView(
        strings.arrangement,
        arrangements,
        () => view().arrangement,
        (arrangement) => {
          keep({ arrangement });
          void this.#arrange();
        },
      ),
      this.#folderTools,
      this.#shown,
    ]);
  }

  #newGrid(): VirtualGrid {
    const context = this.#context;
    const isTree = context.view().arrangement === 'tree';
    return new VirtualGrid({
      label: context.strings.files,
      role: isTree ? 'treegrid' : 'grid',
      columns: changeColumns(context),
      rowHeight,
      rowAt: (at) => {
        const line = this.#lines[at];
        const row = this.#rows[at];
        if (isTree) return line && treeLine(line, this.#open ?? new Set(), context);
        return row && tableLine(row, context);
      },
      textAt: (at) =>
        isTree ? (this.#lines[at]?.node.label ?? '') : (this.#rows[at]?.path.split('/').at(-1) ?? ''),
      onCurrent: (at) => {
        this.#showDetails(at);
      },
      onOpen: (at) => {
        this.#act(at);
      },
      onClick: (at, target) => {
        if (isTree && target.closest('.twistie') !== null) this.#toggle(at);
      },
      onKey: (event, at) => isTree && !event.ctrlKey && this.#onTreeKey(event.key, at),
      onSort: (column) => {
        const { sort } = context.view();
        const chosen = sortColumns.find((known) => known === column) ?? 'path';
        const isDescending = sort.column === chosen ? !sort.isDescending : chosen !== 'path';
        context.keep({ sort: { column: chosen, isDescending } });
        void this.#arrange();
      },
    });
  }

  #showDetails(at: number): void {
    const row = this.#rows[at];
    const isTree = this.#context.view().arrangement === 'tree';
    const shown = isTree
      ? this.#lines[at]?.node
      : row && { row, path: row.path, count: 1, grown: 0, shrunk: 0 };
    this.#details.replaceChildren(...(shown === undefined ? [] : fileDetails(shown, this.#context)));
  }

  /** What Enter does: folders open and close, files are compared, or opened where only one side has them. */
  #act(at: number): void {
    const { view, actions } = this.#context;
    const line = view().arrangement === 'tree' ? this.#lines[at] : undefined;
    if (line?.node.children !== undefined) {
      this.#toggle(at);
      return;
    }
    const row = line === undefined ? this.#rows[at] : line.node.row;
    if (row === undefined || actions === undefined) return;
    const sides = (['left', 'right'] as const).filter((side) => isReadable(row[side]));
    if (sides.length === 2) actions.compare(row);
    else for (const side of sides) actions.open(row, side);
  }

  #onTreeKey(key: string, at: number): boolean {
    const line = this.#lines[at];
    if (line === undefined) return false;
    const isOpen = line.node.children !== undefined && this.#open?.has(line.node.path) === true;
    switch (key) {
      case 'ArrowRight':
        if (line.node.children === undefined) return true;
        if (isOpen) this.#grid.focusRow(at + 1);
        else this.#toggle(at);
        return true;
      case 'ArrowLeft':
        if (isOpen) this.#toggle(at);
        else this.#grid.focusRow(this.#parentOf(at));
        return true;
      case ' ':
        if (line.node.children !== undefined) this.#toggle(at);
        return true;
      default:
        return false;
    }
  }

  #parentOf(at: number): number {
    const level = this.#lines[at]?.level ?? 1;
    for (let row = at - 1; row >= 0; row--) if ((this.#lines[row]?.level ?? 0) < level) return row;
    return at;
  }

  #toggle(at: number): void {
    const node = this.#lines[at]?.node;
    if (node?.children === undefined) return;
    const open = new Set(this.#open);
    if (!open.delete(node.path)) open.add(node.path);
    this.#open = open;
    void this.#arrange(node.path);
  }

  async #expandAll(): Promise<void> {
    if (this.#root === undefined) return;
    this.#open = await allFolders(this.#root, new Turns());
    await this.#arrange();
  }

  /** Shows a file or a folder of the pictures in the list. */
  async #reveal({ path }: ChangeNode): Promise<void> {
    const open = new Set(this.#open);
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1))
      open.add(path.slice(0, end));
    this.#open = open;
    await this.#arrange(path);
    this.#list.scrollIntoView({ block: 'nearest' });
    this.#grid.focusRow(this.#grid.current);
  }

  /** Undefined before anything is listed. */
  #currentPath(): string | undefined {
    const at = this.#grid.current;
    return this.#context.view().arrangement === 'tree' ? this.#lines[at]?.node.path : this.#rows[at]?.path;
  }
}
