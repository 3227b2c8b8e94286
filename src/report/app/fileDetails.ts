import type { WireFacts } from '../../core/diff/diffPageData.ts';
import { formatBytes } from '../../core/quantity.ts';
import { visibleName } from '../../core/fileTrees/visibleName.ts';
import { fieldsOf, isReadable, type ChangeRow } from './changeRows.ts';
import type { ChangeNode } from './changeTree.ts';
import type { DiffContext } from './diffContext.ts';
import { kindMark, kindWord, modeWords, shownPath, signedBytes, typeWord } from './diffWords.ts';
import { button, element, fill } from './element.ts';

/** Both sides of the chosen file beside each other, with what can be done with it. */
export function fileDetails(
  { row, path, count, grown, shrunk }: Pick<ChangeNode, 'row' | 'path' | 'count' | 'grown' | 'shrunk'>,
  context: DiffContext,
): readonly HTMLElement[] {
  const { strings, language } = context;
  const heading = element('h3', { text: shownPath(path) });
  if (row === undefined)
    return [
      heading,
      element('p', {
        class: 'muted',
        text: fill(strings.inFolder, { count: count.toLocaleString(language) }),
      }),
      element('p', {
        text: [grown, -shrunk]
          .filter((bytes) => bytes !== 0)
          .map(signedBytes)
          .join(' '),
      }),
    ];
  return [
    heading,
    element('p', { class: 'detail-kind' }, [
      kindMark(row.kind, strings),
      ` ${kindWord(row.kind, strings)}`,
      ...(row.from === ''
        ? []
        : [
            element('span', {
              class: 'muted',
              text: ` ${fill(strings.movedFrom, { path: shownPath(row.from) })}`,
            }),
          ]),
    ]),
    factsTable(row, context),
    ...actionsOf(row, context),
  ];
}

function factsTable(row: ChangeRow, { strings, language }: DiffContext): HTMLElement {
  const { left, right } = row;
  const column = (facts: WireFacts | 0, of: (facts: WireFacts) => string): string =>
    facts === 0 ? '' : of(facts);
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
  const facts: readonly (readonly [string, (facts: WireFacts) => string])[] = [
    [strings.factType, (side) => typeWord(side, strings)],
    [strings.size, (side) => (side[0] === 0 ? formatBytes(side[4]) : '')],
    [strings.mode, (side) => modeWords(side[1])],
    [strings.owner, (side) => `${side[2]}:${side[3]}`],
    [strings.time, (side) => (Math.abs(side[5]) > 8.64e12 ? '' : time.format(side[5] * 1000))],
    [strings.link, (side) => visibleName(side[6])],
    [strings.contents, (side) => side[7]],
  ];
  const rows = facts.flatMap(([label, of]) => {
    const before = column(left, of);
    const after = column(right, of);
    if (before === '' && after === '') return [];
    const isChanged = left !== 0 && right !== 0 && before !== after;
    return [
      element('tr', isChanged ? { class: 'changed' } : {}, [
        element('th', { text: label, attributes: { scope: 'row' } }),
        element('td', { text: before }),
        element('td', { text: after }),
      ]),
    ];
  });
  const unseen = fieldsOf(row).filter((field) => ['xattrs', 'device', 'hardlinks'].includes(field));
  for (const field of unseen)
    rows.push(
      element('tr', { class: 'changed' }, [
        element('th', { text: strings[field], attributes: { scope: 'row' } }),
        element('td', { text: strings.differs, attributes: { colspan: '2' } }),
      ]),
    );
  return element('table', { class: 'facts-table' }, [
    element('thead', {}, [
      element('tr', {}, [
        element('td'),
        sideHeading(strings.before, left, strings.notThere),
        sideHeading(strings.after, right, strings.notThere),
      ]),
    ]),
    element('tbody', {}, rows),
  ]);
}

function sideHeading(name: string, facts: WireFacts | 0, absent: string): HTMLElement {
  return element('th', { attributes: { scope: 'col' } }, [
    name,
    ...(facts === 0 ? [element('span', { class: 'muted', text: ` (${absent})` })] : []),
  ]);
}

function actionsOf(row: ChangeRow, { actions, strings }: DiffContext): readonly HTMLElement[] {
  if (actions === undefined) return [];
  const shown = [
    ...(isReadable(row.left) && isReadable(row.right)
      ? [
          button({
            class: 'primary',
            text: strings.compareContents,
            onClick: () => {
              actions.compare(row);
            },
          }),
        ]
      : []),
    ...(['left', 'right'] as const)
      .filter((side) => isReadable(row[side]))
      .map((side) =>
        button({
          class: 'secondary',
          text: side === 'left' ? strings.openLeft : strings.openRight,
          onClick: () => {
            actions.open(row, side);
          },
        }),
      ),
    button({
      class: 'secondary',
      text: strings.copyPath,
      onClick: () => {
        actions.copy(row);
      },
    }),
  ];
  return [element('div', { class: 'detail-actions' }, shown)];
}
