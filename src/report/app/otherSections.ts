import { formatBytes } from '../../core/quantity.ts';
import { visibleName } from '../../core/fileTrees/visibleName.ts';
import type { DiffContext } from './diffContext.ts';
import { button, element, fill } from './element.ts';

/** Rows that are made at once; a history of thousands of steps would hold the page up. */
const rowsAtOnce = 200;

export function packagesView({ head, strings, language }: DiffContext): HTMLElement {
  const marks = { added: 0, removed: 1, upgraded: 2, downgraded: 4, rewritten: 2 } as const;
  const signs = { added: '+', removed: '−', upgraded: '↑', downgraded: '↓', rewritten: '≈' } as const;
  return tableView({
    headings: [strings.change, strings.packageName, strings.manager, strings.before, strings.after],
    rows: head.packages,
    rest: head.rest.packages,
    nothing: strings.samePackages,
    cells: ({ kind, name, manager, left = '', right = '' }) => [
      changeCell(marks[kind], signs[kind], strings[kind]),
      element('strong', { text: visibleName(name) }),
      element('span', { class: 'muted', text: manager }),
      element('code', { text: visibleName(left) }),
      element('code', { text: visibleName(right) }),
    ],
    strings,
    language,
  });
}

export function configView({ head, strings, language }: DiffContext): HTMLElement {
  return tableView({
    headings: [strings.change, strings.setting, strings.before, strings.after],
    rows: head.config,
    rest: head.rest.config,
    nothing: strings.sameSettings,
    cells: ({ setting, left, right, isHidden }) => [
      left === undefined
        ? changeCell(0, '+', strings.added)
        : right === undefined
          ? changeCell(1, '−', strings.removed)
          : changeCell(2, '≠', strings.content),
      element('strong', { text: visibleName(setting) }),
      element('code', { text: visibleName(left ?? '') }),
      isHidden === true
        ? element('span', { class: 'muted', text: strings.hidden })
        : element('code', { text: visibleName(right ?? '') }),
    ],
    strings,
    language,
  });
}

export function stepsView({ head, strings, language }: DiffContext): HTMLElement {
  return tableView({
    headings: [strings.change, strings.step, strings.size],
    rows: head.history,
    rest: head.rest.history,
    nothing: strings.sameHistory,
    rowClass: ({ kind }) => `step-${kind}`,
    cells: ({ kind, text, isEmpty, sizeBytes }) => [
      kind === 'same'
        ? element('span', { class: 'muted', text: strings.sameStep })
        : changeCell(
            kind === 'added' ? 0 : 1,
            kind === 'added' ? '+' : '−',
            kind === 'added' ? strings.added : strings.removed,
          ),
      element('code', { text: visibleName(text) }),
      element('span', {
        class: 'muted',
        text: sizeBytes === undefined ? (isEmpty ? strings.emptyStep : '') : formatBytes(sizeBytes),
      }),
    ],
    strings,
    language,
  });
}

export function remarksView({ head, strings, language }: DiffContext): HTMLElement {
  return element('div', {}, [
    element(
      'ul',
      { class: 'rows' },
      head.remarks.map((remark) => element('li', { text: visibleName(remark) })),
    ),
    ...restNote({ rest: head.rest.remarks, strings, language }),
  ]);
}

/** Says how many are left out. */
function restNote({
  rest,
  strings,
  language,
}: Pick<DiffContext, 'strings' | 'language'> & { readonly rest: number }): readonly HTMLElement[] {
  if (rest === 0) return [];
  const text = fill(strings.rest, { count: rest.toLocaleString(language) });
  return [element('p', { class: 'alert', text })];
}

const kindClasses = ['added', 'removed', 'content', 'metadata', 'type'] as const;

function changeCell(kind: number, sign: string, word: string): HTMLElement {
  return element('span', { class: 'change' }, [
    element('span', {
      class: `mark kind-${kindClasses[kind] ?? ''}`,
      text: sign,
      attributes: { 'aria-hidden': 'true' },
    }),
    ` ${word}`,
  ]);
}

interface TableInput<T> {
  readonly headings: readonly string[];
  readonly rows: readonly T[];
  /** How many more there are that are not here. */
  readonly rest: number;
  readonly nothing: string;
  readonly cells: (row: T) => readonly HTMLElement[];
  readonly rowClass?: (row: T) => string;
  readonly strings: DiffContext['strings'];
  readonly language: string;
}

function tableView<T>(input: TableInput<T>): HTMLElement {
  const { headings, rows, nothing, strings } = input;
  if (rows.length === 0) return element('p', { class: 'muted nothing', text: nothing });
  const body = element('tbody');
  const more = button({ class: 'secondary' });
  const showMore = (): void => {
    const start = body.childElementCount;
    body.append(
      ...rows.slice(start, start + rowsAtOnce).map((row) =>
        element(
          'tr',
          { class: input.rowClass?.(row) ?? '' },
          input.cells(row).map((cell) => element('td', {}, [cell])),
        ),
      ),
    );
    const left = rows.length - body.childElementCount;
    more.hidden = left === 0;
    more.textContent = fill(strings.more, { count: Math.min(left, rowsAtOnce) });
  };
  more.addEventListener('click', showMore);
  showMore();
  return element('div', { class: 'table-section' }, [
    element('table', { class: 'plain' }, [
      element('thead', {}, [
        element(
          'tr',
          {},
          headings.map((text) => element('th', { text, attributes: { scope: 'col' } })),
        ),
      ]),
      body,
    ]),
    more,
    ...restNote(input),
  ]);
}
