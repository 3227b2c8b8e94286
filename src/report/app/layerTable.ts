import {
  kindOf,
  type CopyTarget,
  type PageLayer,
  type PageReport,
  type PageStrings,
  type SortOrder,
  type ViewState,
} from '../protocol.ts';
import { button, copyGlyph, element, fill } from './element.ts';

export interface LayerTableDeps {
  readonly report: PageReport;
  readonly strings: PageStrings;
  readonly copy: (target: CopyTarget) => void;
  readonly ask: (message: { readonly type: 'openLine'; readonly layer: number }) => void;
  readonly view: () => ViewState;
  readonly change: (change: Partial<ViewState>) => void;
  /** How many steps are shown, each time that changes. */
  readonly onShown: (count: number) => void;
}

/** The steps as a table. One tab stop for all rows; Up, Down, Home and End go from step to step. */
export class LayerTable {
  readonly element: HTMLElement;
  readonly #deps: LayerTableDeps;
  readonly #rows: ReadonlyMap<number, LayerRow>;
  readonly #body = element('tbody');
  readonly #nothing: HTMLElement;
  readonly #headings: { readonly cell: HTMLElement; readonly orders: readonly SortOrder[] }[] = [];
  #shown: readonly LayerRow[] = [];

  constructor(deps: LayerTableDeps) {
    this.#deps = deps;
    const { report, strings } = deps;
    const largest = Math.max(1, ...report.layers.map(({ sizeBytes }) => sizeBytes));
    this.#rows = new Map(report.layers.map((layer) => [layer.number, new LayerRow(layer, largest, deps)]));
    this.#nothing = element('p', { class: 'muted nothing', text: strings.nothingShown });
    const table = element('table', { class: 'layers', attributes: { 'aria-label': strings.steps } }, [
      element('thead', {}, [
        element('tr', {}, [
          this.#sortHeading('number', strings.number, ['newest', 'oldest']),
          element('th', { text: strings.instruction, attributes: { scope: 'col' } }),
          this.#sortHeading('size', strings.size, ['largest', 'smallest']),
          element('th', { class: 'created', text: strings.created, attributes: { scope: 'col' } }),
          element('th', { class: 'layer', text: strings.layer, attributes: { scope: 'col' } }),
          element('th', { class: 'actions', attributes: { scope: 'col' } }, [
            element('span', { class: 'unseen', text: strings.actions }),
          ]),
        ]),
      ]),
      this.#body,
    ]);
    this.element = element('div', {}, [table, this.#nothing]);
    this.#body.addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
    this.#body.addEventListener('focusin', (event) => {
      const row = this.#shown.find(({ main }) => event.target instanceof Node && main.contains(event.target));
      if (row !== undefined) this.#makeCurrent(row);
    });
    this.update();
  }

  /** Shows what the view asks for now. */
  update(): void {
    const { filter, hideEmpty, sort } = this.#deps.view();
    const words = filter
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const compare = comparators[sort];
    this.#shown = [...this.#rows.values()]
      .filter((row) => (!hideEmpty || row.layer.fill !== 'empty') && row.fits(words))
      .toSorted((a, b) => compare(a.layer, b.layer) || b.layer.number - a.layer.number);
    this.#body.replaceChildren(...this.#shown.flatMap((row) => [row.main, row.detail]));
    this.#nothing.hidden = this.#shown.length > 0;
    for (const { cell, orders } of this.#headings) {
      const at = orders.indexOf(sort);
      const isDescending = sort === 'newest' || sort === 'largest';
      cell.setAttribute('aria-sort', at === -1 ? 'none' : isDescending ? 'descending' : 'ascending');
    }
    const current = this.#shown.find(({ isCurrent }) => isCurrent) ?? this.#shown[0];
    if (current !== undefined) this.#makeCurrent(current);
    this.#deps.onShown(this.#shown.length);
  }

  /** Brings a step into view, opens it and puts the focus on it. */
  reveal(number: number): void {
    const row = this.#rows.get(number);
    if (row === undefined) return;
    if (!this.#shown.includes(row)) this.#deps.change({ filter: '', hideEmpty: false });
    row.open(true);
    row.main.scrollIntoView({ block: 'center' });
    row.toggle.focus();
  }

  #sortHeading(name: string, text: string, orders: readonly [SortOrder, SortOrder]): HTMLElement {
    const cell = element('th', { class: name, attributes: { scope: 'col' } }, [
      button({
        class: 'sort',
        text,
        onClick: () => {
          const [first, second] = orders;
          this.#deps.change({ sort: this.#deps.view().sort === first ? second : first });
        },
      }),
    ]);
    this.#headings.push({ cell, orders });
    return cell;
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#shown.findIndex(
      ({ main }) => event.target instanceof Node && main.contains(event.target),
    );
    if (at === -1 || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: this.#shown.length - 1 }[event.key];
    const next = to === undefined ? undefined : this.#shown[to];
    if (next === undefined) return;
    event.preventDefault();
    next.toggle.focus();
  }

  #makeCurrent(row: LayerRow): void {
    for (const other of this.#shown) if (other !== row) other.setCurrent(false);
    row.setCurrent(true);
  }
}

const comparators: Readonly<Record<SortOrder, (a: PageLayer, b: PageLayer) => number>> = {
  newest: (a, b) => b.number - a.number,
  oldest: (a, b) => a.number - b.number,
  largest: (a, b) => b.sizeBytes - a.sizeBytes,
  smallest: (a, b) => a.sizeBytes - b.sizeBytes,
};

/** One step: the row that is always there, and the row below it with everything, made when first opened. */
class LayerRow {
  readonly layer: PageLayer;
  readonly main: HTMLTableRowElement;
  readonly detail: HTMLTableRowElement;
  readonly toggle: HTMLButtonElement;
  isCurrent = false;
  readonly #deps: LayerTableDeps;
  readonly #searched: string;

  constructor(layer: PageLayer, largestBytes: number, deps: LayerTableDeps) {
    this.layer = layer;
    this.#deps = deps;
    this.#searched = [layer.text, layer.id, layer.diffId].join('\n').toLowerCase();
    const { number, fill: layerFill } = layer;
    const detailId = `step-${number}`;
    this.toggle = button(
      {
        class: 'toggle',
        attributes: { 'aria-controls': detailId },
        onClick: () => {
          this.open(this.toggle.getAttribute('aria-expanded') !== 'true');
        },
      },
      instructionParts(layer, deps.strings),
    );
    this.main = element('tr', { class: `step ${layerFill}` }, [
      element('th', { class: 'number', text: String(number), attributes: { scope: 'row' } }),
      element('td', { class: 'instruction' }, [this.toggle, ...this.#notes()]),
      sizeCell(layer, largestBytes),
      element('td', { class: 'created', text: layer.age, title: layer.created }),
      this.#layerCell(),
      element('td', { class: 'actions' }, [
        this.#copyButton(fill(deps.strings.copyInstruction, { number }), {
          kind: 'instruction',
          layer: number,
        }),
      ]),
    ]);
    this.detail = element('tr', { class: 'detail', attributes: { id: detailId } });
    this.detail.hidden = true;
    this.setCurrent(false);
    this.#show(deps.view().expanded.includes(number));
  }

  fits(words: readonly string[]): boolean {
    return words.every((word) => this.#searched.includes(word));
  }

  setCurrent(isCurrent: boolean): void {
    this.isCurrent = isCurrent;
    for (const control of this.main.querySelectorAll('button')) control.tabIndex = isCurrent ? 0 : -1;
  }

  open(isOpen: boolean): void {
    this.#show(isOpen);
    const others = this.#deps.view().expanded.filter((number) => number !== this.layer.number);
    this.#deps.change({ expanded: isOpen ? [...others, this.layer.number] : others });
  }

  #show(isOpen: boolean): void {
    if (isOpen && this.detail.childElementCount === 0) this.detail.append(...this.#detailCells());
    this.detail.hidden = !isOpen;
    this.main.classList.toggle('open', isOpen);
    this.toggle.setAttribute('aria-expanded', String(isOpen));
  }

  #notes(): readonly HTMLElement[] {
    const { notes, line, number } = this.layer;
    if (notes.length === 0 && line === '') return [];
    const { strings, ask } = this.#deps;
    const onClick = (): void => {
      ask({ type: 'openLine', layer: number });
    };
    const name = fill(strings.openLine, { line });
    return [
      element('div', { class: 'notes' }, [
        ...(line === ''
          ? []
          : [
              button({ class: 'link', text: line, title: name, attributes: { 'aria-label': name }, onClick }),
            ]),
        ...notes.map(({ text, isWaste }) => element('span', { class: isWaste ? 'waste' : '', text })),
      ]),
    ];
  }

  #layerCell(): HTMLElement {
    const { strings } = this.#deps;
    const { fill: layerFill, diffId, number } = this.layer;
    const cell = element('td', { class: 'layer' });
    if (layerFill === 'empty') cell.append(element('span', { class: 'badge', text: strings.empty }));
    else if (layerFill === 'unknown')
      cell.append(
        element('span', { class: 'badge', text: strings.unknownFill, title: strings.unknownFillTitle }),
      );
    else if (diffId === '')
      cell.append(element('span', { class: 'muted', text: strings.unpaired, title: strings.unpairedTitle }));
    else
      cell.append(
        element('code', { text: diffId.replace(/^sha256:/, '').slice(0, 12), title: diffId }),
        this.#copyButton(fill(strings.copyDiffId, { number }), { kind: 'diffId', layer: number }),
      );
    return cell;
  }

  #detailCells(): HTMLElement[] {
    const { strings } = this.#deps;
    const { text, isCut, diffId, id, details, number } = this.layer;
    const facts = element('dl');
    for (const [label, value] of details)
      facts.append(element('dt', { text: label }), element('dd', { text: value }));
    if (diffId !== '')
      facts.append(
        element('dt', { text: strings.diffId }),
        element('dd', {}, [element('code', { text: diffId })]),
      );
    if (id !== '')
      facts.append(
        element('dt', { text: strings.id }),
        element('dd', {}, [
          element('code', { text: id }),
          this.#copyButton(fill(strings.copyId, { number }), { kind: 'id', layer: number }),
        ]),
      );
    const cell = element('td', { attributes: { colspan: '5' } });
    if (text !== '') cell.append(element('pre', { text }));
    if (isCut) cell.append(element('p', { class: 'muted', text: strings.cut }));
    cell.append(facts);
    return [element('td'), cell];
  }

  #copyButton(name: string, target: CopyTarget): HTMLButtonElement {
    const onClick = (): void => {
      this.#deps.copy(target);
    };
    return button({ class: 'copy', title: name, attributes: { 'aria-label': name }, onClick }, [copyGlyph()]);
  }
}

/** The keyword stands out; a long instruction is cut by the style sheet, and whole in the detail row. */
function instructionParts({ keyword, text }: PageLayer, strings: PageStrings): (Node | string)[] {
  const shown = text.slice(0, 600);
  if (shown === '') return [element('span', { class: 'muted', text: strings.noHistory })];
  const parts = keyword !== '' && shown.startsWith(keyword) ? shown.slice(keyword.length) : undefined;
  const line = parts === undefined ? [shown] : [element('span', { class: 'keyword', text: keyword }), parts];
  return [element('span', { class: 'line' }, line)];
}

function sizeCell({ size, sizeBytes, share, keyword }: PageLayer, largestBytes: number): HTMLElement {
  const cell = element('td', { class: 'size', title: sizeBytes > 0 ? share : '' }, [
    element('span', { text: size }),
  ]);
  if (sizeBytes > 0) {
    const bytes = element('div', {
      class: `amount kind-${kindOf(keyword)}`,
      attributes: { 'aria-hidden': 'true' },
    });
    bytes.style.width = `${Math.max(1, (100 * sizeBytes) / largestBytes)}%`;
    cell.append(bytes);
  }
  return cell;
}
