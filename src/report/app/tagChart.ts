import type { PageStrings, PageTag } from '../protocol.ts';
import { button, element, fill } from './element.ts';

export interface TagChartDeps {
  readonly tags: readonly PageTag[];
  readonly strings: PageStrings;
  readonly ask: (message: { readonly type: 'compare'; readonly one: number; readonly other: number }) => void;
}

/** The tags of a repository as bars, oldest first; two of them can be chosen and compared. */
export function tagChart({ tags, strings, ask }: TagChartDeps): HTMLElement {
  const largest = Math.max(1, ...tags.map(({ sizeBytes }) => sizeBytes));
  const boxes = tags.map(() => element('input', { attributes: { type: 'checkbox' } }));
  const chosen = (): readonly number[] => boxes.flatMap((box, at) => (box.checked ? [at] : []));
  const compare = button({
    class: 'secondary',
    text: strings.compareTags,
    onClick: () => {
      const [one, other] = chosen();
      if (one !== undefined && other !== undefined) ask({ type: 'compare', one, other });
    },
  });
  const sync = (): void => {
    compare.disabled = chosen().length !== 2;
  };
  const rows = tags.map((tag, at) => {
    const { name, size, sizeBytes, age, created, isThis } = tag;
    const box = boxes[at] ?? element('input');
    box.setAttribute('aria-label', fill(strings.chooseTag, { name, size, age }));
    box.addEventListener('change', sync);
    const amount = element('div', { class: 'amount kind-run', attributes: { 'aria-hidden': 'true' } });
    amount.style.width = `${Math.max(1, (75 * sizeBytes) / largest)}%`;
    return element('li', { class: isThis ? 'this' : '' }, [
      element('label', { title: created }, [
        box,
        element('span', { class: 'name', text: name }),
        element('span', { class: 'muted', text: age }),
      ]),
      element('div', { class: 'weight' }, [amount, element('span', { text: size })]),
    ]);
  });
  sync();
  return element('section', { class: 'tags', attributes: { 'aria-label': strings.tags } }, [
    element('h2', { text: strings.tags }),
    element('ul', {}, rows),
    element('div', {}, [compare]),
  ]);
}
