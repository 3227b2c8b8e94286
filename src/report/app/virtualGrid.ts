import { element } from './element.ts';
import { drawnRows, rowForKey, scrollFor, type ListView } from './listWindow.ts';

export interface GridColumn {
  readonly id: string;
  readonly heading: string;
  /** Whether a click on the heading sorts by it. */
  readonly canSort: boolean;
}

export interface GridRow {
  readonly cells: readonly (Node | string)[];
  /** Whole text of a cell, by its column, where the cell may cut it. */
  readonly titles?: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

export interface GridDeps {
  readonly label: string;
  readonly role: 'grid' | 'treegrid';
  readonly columns: readonly GridColumn[];
  readonly rowHeight: number;
  readonly rowAt: (row: number) => GridRow | undefined;
  /** What typing looks for in a row. */
  readonly textAt: (row: number) => string;
  readonly onCurrent: (row: number) => void;
  /** Enter, or a double click. */
  readonly onOpen: (row: number) => void;
  /** A click, after its row became the current one. */
  readonly onClick?: (row: number, target: Element) => void;
  /** Other keys; true for one that was taken. */
  readonly onKey?: (event: KeyboardEvent, row: number) => boolean;
  readonly onSort: (column: string) => void;
}

/** Typing goes on with the same word for this long. */
const typingMs = 700;

/**
 * A list of any length: only rows that are seen, and the current one, are in the document. One tab stop; arrows, Home,
 * End, PageUp, PageDown and typing move, Enter opens. Screen readers are told of the rows that are not there.
 */
export class VirtualGrid {
  readonly element: HTMLElement;
  readonly #deps: GridDeps;
  readonly #body: HTMLElement;
  readonly #headings: readonly HTMLElement[];
  readonly #drawn = new Map<number, HTMLElement>();
  #count = 0;
  #current = 0;
  #frame = 0;
  #typed = '';
  #typedAt = 0;

  constructor(deps: GridDeps) {
    this.#deps = deps;
    this.#headings = deps.columns.map((column) => this.#heading(column));
    this.#body = element('div', { class: 'grid-body', attributes: { role: 'rowgroup' } });
    this.element = element(
      'div',
      { class: 'grid', attributes: { role: deps.role, 'aria-label': deps.label } },
      [
        element('div', { class: 'grid-head', attributes: { role: 'rowgroup' } }, [
          element(
            'div',
            { class: 'grid-row', attributes: { role: 'row', 'aria-rowindex': '1' } },
            this.#headings,
          ),
        ]),
        this.#body,
      ],
    );
    this.element.addEventListener('scroll', () => {
      this.#drawSoon();
    });
    new ResizeObserver(() => {
      this.#drawSoon();
    }).observe(this.element);
    this.#body.addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
    this.#body.addEventListener('click', (event) => {
      const row = this.#rowOf(event.target);
      if (row === undefined) return;
      this.focusRow(row);
      if (event.target instanceof Element) deps.onClick?.(row, event.target);
    });
    this.#body.addEventListener('dblclick', (event) => {
      const row = this.#rowOf(event.target);
      if (row !== undefined) deps.onOpen(row);
    });
  }

  get current(): number {
    return this.#current;
  }

  /** Shows other rows, or the same ones anew, with `current` as the current one. The focus stays in the list. */
  setRows(count: number, current: number): void {
    const hadFocus = this.#body.contains(document.activeElement);
    this.#count = count;
    this.#current = Math.max(0, Math.min(count - 1, current));
    this.#body.style.height = `${count * this.#deps.rowHeight}px`;
    this.element.setAttribute('aria-rowcount', String(count + 1));
    this.#drawn.clear();
    this.#body.replaceChildren();
    this.#draw();
    if (count > 0) this.#deps.onCurrent(this.#current);
    if (hadFocus && count > 0) this.focusRow(this.#current);
  }

  showSort(column: string, isDescending: boolean): void {
    this.#deps.columns.forEach(({ id, canSort }, at) => {
      if (canSort)
        this.#headings[at]?.setAttribute(
          'aria-sort',
          id !== column ? 'none' : isDescending ? 'descending' : 'ascending',
        );
    });
  }

  /** Brings a row into view and puts the focus on it. */
  focusRow(row: number): void {
    this.#setCurrent(row);
    this.#drawn.get(this.#current)?.focus({ preventScroll: true });
  }

  /** Brings a row into view and makes it the current one; the focus stays where it is. */
  reveal(row: number): void {
    this.#setCurrent(row);
  }

  #setCurrent(row: number): void {
    const before = this.#current;
    this.#current = Math.max(0, Math.min(this.#count - 1, row));
    const view = this.#view();
    this.element.scrollTop = scrollFor(this.#current, view);
    this.#draw();
    for (const [at, isCurrent] of [
      [before, false],
      [this.#current, true],
    ] as const)
      this.#mark(at, isCurrent);
    if (before !== this.#current) this.#deps.onCurrent(this.#current);
  }

  #mark(row: number, isCurrent: boolean): void {
    const drawn = this.#drawn.get(row);
    if (drawn === undefined || (!isCurrent && row === this.#current)) return;
    drawn.tabIndex = isCurrent ? 0 : -1;
    drawn.setAttribute('aria-selected', String(isCurrent));
  }

  #heading({ id, heading, canSort }: GridColumn): HTMLElement {
    const attributes = { role: 'columnheader' };
    if (!canSort) return element('div', { class: `cell ${id}`, text: heading, attributes });
    const sort = element('button', {
      class: 'sort',
      text: heading,
      onClick: () => {
        this.#deps.onSort(id);
      },
    });
    sort.type = 'button';
    return element('div', { class: `cell ${id}`, attributes }, [sort]);
  }

  #view(): ListView {
    const head = this.element.firstElementChild?.clientHeight ?? 0;
    return {
      count: this.#count,
      rowHeight: this.#deps.rowHeight,
      scrollTop: this.element.scrollTop,
      height: Math.max(this.#deps.rowHeight, this.element.clientHeight - head),
    };
  }

  #drawSoon(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const { start, end } = drawnRows(this.#view());
    const isWanted = (row: number): boolean => (row >= start && row < end) || row === this.#current;
    for (const [row, drawn] of this.#drawn)
      if (!isWanted(row)) {
        drawn.remove();
        this.#drawn.delete(row);
      }
    for (let row = start; row < end; row++) this.#drawRow(row);
    if (this.#count > 0) this.#drawRow(this.#current);
  }

  #drawRow(row: number): void {
    if (this.#drawn.has(row)) return;
    const content = this.#deps.rowAt(row);
    if (content === undefined) return;
    const drawn = element(
      'div',
      { class: 'grid-row', attributes: { role: 'row', ...content.attributes } },
      content.cells.map((cell, at) =>
        element(
          'div',
          {
            class: `cell ${this.#deps.columns[at]?.id ?? ''}`,
            title: content.titles?.[at] ?? '',
            attributes: { role: 'gridcell' },
          },
          [cell],
        ),
      ),
    );
    drawn.setAttribute('aria-rowindex', String(row + 2));
    drawn.dataset['row'] = String(row);
    drawn.style.transform = `translateY(${row * this.#deps.rowHeight}px)`;
    this.#drawn.set(row, drawn);
    // In the order of the list, which is the order that screen readers go.
    let after = this.#body.lastElementChild;
    while (after instanceof HTMLElement && Number(after.dataset['row']) > row)
      after = after.previousElementSibling;
    if (after === null) this.#body.prepend(drawn);
    else after.after(drawn);
    this.#mark(row, row === this.#current);
    if (row !== this.#current) drawn.tabIndex = -1;
  }

  #rowOf(target: EventTarget | null): number | undefined {
    const drawn = target instanceof Element ? target.closest('[data-row]') : null;
    return drawn instanceof HTMLElement ? Number(drawn.dataset['row']) : undefined;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey || this.#count === 0) return;
    if (this.#deps.onKey?.(event, this.#current) === true) {
      event.preventDefault();
      return;
    }
    if (event.ctrlKey) return;
    const to = rowForKey(event.key, this.#current, this.#view());
    if (to !== undefined) {
      event.preventDefault();
      this.focusRow(to);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.#deps.onOpen(this.#current);
    } else if (event.key.length === 1 && event.key !== ' ') {
      event.preventDefault();
      this.#type(event.key);
    }
  }

  /** Goes to the next row that begins with what is typed; the same letter again goes to the one after. */
  #type(letter: string): void {
    const isMore = performance.now() - this.#typedAt < typingMs;
    this.#typedAt = performance.now();
    this.#typed = isMore && this.#typed !== letter ? this.#typed + letter : letter;
    const wanted = this.#typed.toLowerCase();
    const from = this.#typed.length === 1 ? this.#current + 1 : this.#current;
    for (let step = 0; step < this.#count; step++) {
      const row = (from + step) % this.#count;
      if (this.#deps.textAt(row).toLowerCase().startsWith(wanted)) {
        this.focusRow(row);
        return;
      }
    }
  }
}
