import { diffTabs, type DiffTab } from '../diffProtocol.ts';
import type { ChangeRow } from './changeRows.ts';
import type { DiffContext } from './diffContext.ts';
import { diffHeader, kindCards } from './diffHeader.ts';
import { element, fill } from './element.ts';
import { FilesView } from './filesView.ts';
import { configView, packagesView, remarksView, stepsView } from './otherSections.ts';

/** The report; its files come later, with {@link DiffView.showRows}. */
export class DiffView {
  readonly element: HTMLElement;
  readonly #context: DiffContext;
  readonly #panels: ReadonlyMap<DiffTab, HTMLElement>;
  readonly #tabs: ReadonlyMap<DiffTab, HTMLElement>;
  readonly #cards: HTMLElement;
  readonly #reading: HTMLElement;
  #files: FilesView | undefined;

  constructor(context: DiffContext) {
    this.#context = context;
    const { head, strings } = context;
    this.#reading = element('p', { class: 'muted nothing', attributes: { role: 'status' } });
    this.#cards = kindCards(context, (kind) => {
      this.#toggleKind(kind);
    });
    const contents: Readonly<Record<DiffTab, () => HTMLElement>> = {
      files: () => element('div', {}, [this.#cards, this.#reading]),
      packages: () => packagesView(context),
      config: () => configView(context),
      history: () => stepsView(context),
      remarks: () => remarksView(context),
    };
    const counts: Readonly<Record<DiffTab, number>> = {
      files: head.rowCount + head.leftOut,
      packages: head.packages.length + head.rest.packages,
      config: head.config.length + head.rest.config,
      history: head.history.filter(({ kind }) => kind !== 'same').length,
      remarks: head.remarks.length + head.rest.remarks,
    };
    const shown = diffTabs.filter((tab) => tab !== 'remarks' || counts.remarks > 0);
    this.#tabs = new Map(shown.map((tab) => [tab, this.#tab(tab, counts[tab], shown)]));
    this.#panels = new Map(
      shown.map((tab) => [
        tab,
        element(
          'section',
          {
            class: 'panel',
            attributes: { role: 'tabpanel', id: `panel-${tab}`, 'aria-labelledby': `tab-${tab}` },
          },
          [contents[tab]()],
        ),
      ]),
    );
    this.element = element('div', { class: 'diff' }, [
      diffHeader(context),
      element('div', { class: 'tabs', attributes: { role: 'tablist', 'aria-label': strings.title } }, [
        ...this.#tabs.values(),
      ]),
      ...this.#panels.values(),
    ]);
    this.#showTab(shown.find((tab) => tab === context.view().tab) ?? 'files');
    this.#showKinds();
    this.showReading(0);
  }

  /** While the rows come. */
  showReading(done: number): void {
    const { head, strings, language } = this.#context;
    this.#reading.textContent = fill(strings.readingRows, {
      done: done.toLocaleString(language),
      all: head.rowCount.toLocaleString(language),
    });
  }

  showRows(rows: readonly ChangeRow[]): void {
    const { head, strings, language } = this.#context;
    this.#files = new FilesView(this.#context, rows);
    const notes =
      head.leftOut === 0
        ? []
        : [
            element('p', {
              class: 'alert',
              text: fill(strings.leftOut, { count: head.leftOut.toLocaleString(language) }),
            }),
          ];
    this.#panels.get('files')?.replaceChildren(this.#cards, ...notes, this.#files.element);
  }

  #tab(tab: DiffTab, count: number, shown: readonly DiffTab[]): HTMLElement {
    const { strings, language, keep } = this.#context;
    const button = element(
      'button',
      {
        attributes: { type: 'button', role: 'tab', id: `tab-${tab}`, 'aria-controls': `panel-${tab}` },
        onClick: () => {
          keep({ tab });
          this.#showTab(tab);
        },
      },
      [strings[tab], ' ', element('span', { class: 'count', text: count.toLocaleString(language) })],
    );
    button.addEventListener('keydown', (event) => {
      const at = shown.indexOf(tab);
      const last = shown.length - 1;
      const to = {
        ArrowLeft: at === 0 ? last : at - 1,
        ArrowRight: at === last ? 0 : at + 1,
        Home: 0,
        End: last,
      }[event.key];
      const next = to === undefined ? undefined : shown[to];
      if (next === undefined) return;
      event.preventDefault();
      this.#tabs.get(next)?.click();
      this.#tabs.get(next)?.focus();
    });
    return button;
  }

  #showTab(shown: DiffTab): void {
    for (const [tab, button] of this.#tabs) {
      button.setAttribute('aria-selected', String(tab === shown));
      button.tabIndex = tab === shown ? 0 : -1;
    }
    for (const [tab, panel] of this.#panels) panel.hidden = tab !== shown;
  }

  #toggleKind(kind: number): void {
    const { view, keep } = this.#context;
    const { kinds } = view();
    keep({ kinds: kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind] });
    this.#showKinds();
    void this.#files?.refresh();
  }

  #showKinds(): void {
    const { kinds } = this.#context.view();
    [...this.#cards.children].forEach((card, kind) => {
      card.setAttribute('aria-pressed', String(kinds.includes(kind)));
    });
  }
}
