import { formatBytes } from '../../core/quantity.ts';
import { visibleName } from '../../core/fileTrees/visibleName.ts';
import type { ChangeRow } from './changeRows.ts';
import type { ChangeLine, ChangeNode } from './changeTree.ts';
import type { DiffContext } from './diffContext.ts';
import { kindMark, shownPath, signedBytes, sizeWords, whatWords } from './diffWords.ts';
import { element, fill } from './element.ts';
import type { GridColumn, GridRow } from './virtualGrid.ts';

export function changeColumns({ strings }: DiffContext): readonly GridColumn[] {
  return [
    { id: 'path', heading: strings.path, canSort: true },
    { id: 'left', heading: strings.before, canSort: true },
    { id: 'right', heading: strings.after, canSort: true },
    { id: 'delta', heading: strings.difference, canSort: true },
    { id: 'what', heading: strings.what, canSort: false },
  ];
}

/** A line of the tree. */
export function treeLine(line: ChangeLine, open: ReadonlySet<string>, context: DiffContext): GridRow {
  const { node, level, position, siblings } = line;
  const isOpen = node.children === undefined ? undefined : open.has(node.path);
  const name = visibleName(node.label);
  const path = element('span', { class: 'path-cell' }, [
    element('span', { class: `twistie${isOpen === undefined ? ' none' : isOpen ? ' open' : ''}` }),
    ...(node.row === undefined
      ? [element('span', { class: 'mark none' })]
      : [kindMark(node.row.kind, context.strings)]),
    element('span', { class: node.children === undefined ? 'file-name' : 'file-name folder', text: name }),
  ]);
  // Deep trees stay readable: beyond a dozen levels the indent grows no further.
  path.style.paddingInlineStart = `${(Math.min(level, 12) - 1) * 16}px`;
  const cells =
    node.row === undefined || node.children !== undefined
      ? folderCells(node, context)
      : rowCells(node.row, context);
  return {
    cells: [path, ...cells],
    titles: [shownPath(node.path), '', '', '', textOf(cells[3])],
    attributes: {
      'aria-level': String(level),
      'aria-posinset': String(position),
      'aria-setsize': String(siblings),
      ...(isOpen !== undefined && { 'aria-expanded': String(isOpen) }),
    },
  };
}

/** A line of the table. */
export function tableLine(row: ChangeRow, context: DiffContext): GridRow {
  const slash = row.path.lastIndexOf('/') + 1;
  const cells = rowCells(row, context);
  return {
    cells: [
      element('span', { class: 'path-cell' }, [
        kindMark(row.kind, context.strings),
        element('span', { class: 'file-name' }, [
          element('span', { class: 'muted', text: shownPath(row.path.slice(0, slash)) }),
          visibleName(row.path.slice(slash)),
        ]),
      ]),
      ...cells,
    ],
    titles: [shownPath(row.path), '', '', '', textOf(cells[3])],
    attributes: {},
  };
}

function rowCells(row: ChangeRow, { strings }: DiffContext): readonly (Node | string)[] {
  const [left, right, delta] = sizeWords(row);
  return [left, right, deltaCell(delta), whatWords(row, strings)];
}

function folderCells(node: ChangeNode, { strings, language }: DiffContext): readonly (Node | string)[] {
  const { leftBytes, rightBytes, row } = node;
  const below = fill(strings.inFolder, {
    count: (row === undefined ? node.count : node.count - 1).toLocaleString(language),
  });
  return [
    leftBytes === 0 ? '' : formatBytes(leftBytes),
    rightBytes === 0 ? '' : formatBytes(rightBytes),
    deltaCell(signedBytes(rightBytes - leftBytes)),
    [row === undefined ? '' : whatWords(row, strings), below].filter((part) => part !== '').join(' · '),
  ];
}

function deltaCell(text: string): HTMLElement {
  const way = text.startsWith('+') ? 'grown' : text.startsWith('−') ? 'shrunk' : 'muted';
  return element('span', { class: way, text });
}

function textOf(cell: Node | string | undefined): string {
  return typeof cell === 'string' ? cell : (cell?.textContent ?? '');
}
