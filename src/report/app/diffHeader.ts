import { pageKinds, type PageSide } from '../../core/diff/diffPageData.ts';
import { formatBytes } from '../../core/quantity.ts';
import { visibleName } from '../../core/fileTrees/visibleName.ts';
import type { DiffContext } from './diffContext.ts';
import { kindSigns, kindWord, sideWord, signedBytes, signedCount } from './diffWords.ts';
import { button, element, fill } from './element.ts';

/** The two sides, how they were compared, and what can be done with the whole report. */
export function diffHeader(context: DiffContext): HTMLElement {
  const { head, strings, language, actions } = context;
  const { left, right } = head;
  const deltaBytes = right.sizeBytes - left.sizeBytes;
  const deltaFiles = right.fileCount - left.fileCount;
  return element('header', { class: 'diff-header' }, [
    element('h1', { class: 'unseen', text: strings.title }),
    element('div', { class: 'sides' }, [
      sideView(left, strings.left, context),
      element('span', { class: 'towards', text: '→', attributes: { 'aria-hidden': 'true' } }),
      sideView(right, strings.right, context),
      element('dl', { class: 'growth' }, [
        element('div', {}, [
          element('dt', { text: strings.sizeChange }),
          element('dd', { class: growthClass(deltaBytes), text: signedBytes(deltaBytes) }),
        ]),
        element('div', {}, [
          element('dt', { text: strings.fileChange }),
          element('dd', { class: growthClass(deltaFiles), text: signedCount(deltaFiles, language) }),
        ]),
      ]),
    ]),
    element('div', { class: 'report-tools' }, [
      strictnessView(context),
      ...(actions === undefined
        ? []
        : [
            button({
              class: 'secondary',
              text: strings.swap,
              onClick: () => {
                actions.swap();
              },
            }),
            button({
              class: 'primary',
              text: strings.export,
              onClick: () => {
                actions.export();
              },
            }),
          ]),
    ]),
  ]);
}

function growthClass(delta: number): string {
  return delta > 0 ? 'grown' : delta < 0 ? 'shrunk' : '';
}

function sideView(side: PageSide, label: string, { strings, language }: DiffContext): HTMLElement {
  const name = visibleName(side.name);
  return element('div', { class: 'side' }, [
    element('p', { class: 'muted', text: `${label} · ${sideWord(side.kind, strings)}` }),
    element('p', { class: 'name', text: name, title: name }),
    element('p', {
      class: 'muted',
      text: fill(strings.sideFacts, {
        size: formatBytes(side.sizeBytes),
        count: side.fileCount.toLocaleString(language),
      }),
    }),
  ]);
}

function strictnessView({ head, strings, actions }: DiffContext): HTMLElement {
  const choices = [
    ['semantic', strings.semantic, strings.semanticHelp],
    ['strict', strings.strict, strings.strictHelp],
  ] as const;
  if (actions === undefined) {
    const [, word, help] = choices.find(([value]) => value === head.strictness) ?? choices[0];
    return element('p', { class: 'muted', text: `${word}: ${help}` });
  }
  return switchView(
    strings.strictness,
    choices,
    () => head.strictness,
    (strictness) => {
      actions.strictness(strictness);
    },
  );
}

/** Two or more choices beside each other, one of them taken. */
export function switchView<T extends string>(
  label: string,
  choices: readonly (readonly [value: T, text: string, help: string])[],
  current: () => T,
  choose: (value: T) => void,
): HTMLElement {
  return element(
    'div',
    { class: 'switch', attributes: { role: 'radiogroup', 'aria-label': label } },
    choices.map(([value, text, help]) => {
      const input = element('input', { attributes: { type: 'radio', name: label } });
      input.checked = current() === value;
      input.addEventListener('change', () => {
        choose(value);
      });
      return element('label', { title: help }, [input, element('span', { text })]);
    }),
  );
}

/** A number for each kind of change; pressing it shows that kind alone, or with others that are pressed. */
export function kindCards(
  { head, strings, language }: DiffContext,
  toggle: (kind: number) => void,
): HTMLElement {
  const cards = head.totals.map(({ count, leftBytes, rightBytes }, kind) => {
    const delta = rightBytes - leftBytes;
    const bytes = delta !== 0 ? signedBytes(delta) : count === 0 ? '' : formatBytes(rightBytes);
    const card = button(
      {
        class: `card kind-${pageKinds[kind] ?? ''}`,
        attributes: { 'aria-pressed': 'false' },
        onClick: () => {
          toggle(kind);
        },
      },
      [
        element('span', { class: 'card-kind' }, [
          element('span', {
            class: `mark kind-${pageKinds[kind] ?? ''}`,
            text: kindSigns[kind] ?? '',
            attributes: { 'aria-hidden': 'true' },
          }),
          element('span', { text: kindWord(kind, strings) }),
        ]),
        ' ',
        element('span', { class: 'card-count', text: count.toLocaleString(language) }),
        ' ',
        element('span', { class: 'muted', text: bytes }),
      ],
    );
    card.disabled = count === 0;
    return card;
  });
  return element(
    'div',
    { class: 'cards', attributes: { role: 'group', 'aria-label': strings.kinds } },
    cards,
  );
}
