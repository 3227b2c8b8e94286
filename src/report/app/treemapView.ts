import { pageKinds } from '../../core/diff/diffPageData.ts';
import { formatBytes } from '../../core/quantity.ts';
import { visibleName } from '../../core/fileTrees/visibleName.ts';
import type { ChangeNode } from './changeTree.ts';
import type { DiffContext } from './diffContext.ts';
import { kindSigns, kindWord, shownPath } from './diffWords.ts';
import { button, element, fill } from './element.ts';
import { cellTowards, mapCells, type MapCell } from './treemapCells.ts';

/**
 * The picture of where the bytes changed. A folder goes in when it is chosen, a file is shown in the list. One tab
 * stop; arrows go to the nearest rectangle that way, Escape and Backspace go out again.
 */
export class TreemapView {
  readonly element: HTMLElement;
  readonly #context: DiffContext;
  readonly #onChoose: (node: ChangeNode) => void;
  readonly #crumbs = element('nav', { class: 'crumbs' });
  readonly #area: HTMLElement;
  /** From the root to what is shown. */
  #way: readonly ChangeNode[] = [];
  #cells: readonly MapCell[] = [];
  #size = '';

  constructor(context: DiffContext, onChoose: (node: ChangeNode) => void) {
    this.#context = context;
    this.#onChoose = onChoose;
    const { strings } = context;
    this.#crumbs.setAttribute('aria-label', strings.map);
    this.#area = element('div', {
      class: 'map',
      attributes: { role: 'group', 'aria-label': `${strings.map}. ${strings.mapHelp}` },
    });
    this.element = element('section', { class: 'picture' }, [
      element('div', { class: 'picture-head' }, [
        element('h2', { text: strings.map, title: strings.mapHelp }),
        this.#crumbs,
      ]),
      this.#area,
    ]);
    this.#area.addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
    new ResizeObserver(() => {
      const { clientWidth, clientHeight } = this.#area;
      if (this.#size === `${clientWidth}x${clientHeight}`) return;
      this.#size = `${clientWidth}x${clientHeight}`;
      this.#draw();
    }).observe(this.#area);
  }

  /** Shows another tree; stays in the folder it was in, if that is there. */
  show(root: ChangeNode): void {
    const way = [root];
    for (const { path } of this.#way.slice(1)) {
      const next = childAt(way.at(-1), path);
      if (next === undefined) break;
      way.push(next);
    }
    this.#way = way;
    this.#draw();
  }

  #goInto(node: ChangeNode): void {
    const at = this.#way.indexOf(node);
    this.#way = at === -1 ? [...this.#way, node] : this.#way.slice(0, at + 1);
    this.#draw();
  }

  #buttons(): readonly HTMLElement[] {
    return [...this.#area.children].filter((child) => child instanceof HTMLElement);
  }

  #draw(): void {
    const { strings } = this.#context;
    const root = this.#way.at(-1);
    if (root === undefined) return;
    const hadFocus = this.element.contains(document.activeElement);
    const { clientWidth: width, clientHeight: height } = this.#area;
    this.#cells = mapCells(root, { width, height });
    const cells = this.#cells.map((cell, at) => this.#cellView(cell, at));
    this.#area.replaceChildren(
      ...(cells.length > 0 ? cells : [element('p', { class: 'muted nothing', text: strings.mapEmpty })]),
    );
    this.#crumbs.hidden = this.#way.length < 2;
    this.#crumbs.replaceChildren(
      ...this.#way.map((node, at) => {
        const text = at === 0 ? strings.mapAll : visibleName(node.label);
        if (at === this.#way.length - 1)
          return element('span', { text, attributes: { 'aria-current': 'location' } });
        return button({
          class: 'link',
          text,
          attributes: { 'aria-label': fill(strings.mapOut, { name: text }) },
          onClick: () => {
            this.#goInto(node);
          },
        });
      }),
    );
    if (hadFocus) this.#buttons()[0]?.focus();
  }

  #cellView(cell: MapCell, at: number): HTMLElement {
    const { node, rest, isGroup, hasStrip, weight } = cell;
    const { strings, language } = this.#context;
    const size = formatBytes(weight);
    const name =
      node === undefined
        ? fill(strings.mapRest, { count: rest.toLocaleString(language), size })
        : fill(strings.mapCell, { path: shownPath(node.path), size, kinds: this.#kindsOf(cell) });
    const drawn = button({
      class: `map-cell ${isGroup ? 'group' : `leaf kind-${kindOfMost(cell)}`}`,
      title: name,
      attributes: { 'aria-label': name },
      onClick: () => {
        if (node?.children !== undefined) this.#goInto(node);
        else if (node !== undefined) this.#onChoose(node);
      },
    });
    drawn.tabIndex = at === 0 ? 0 : -1;
    Object.assign(drawn.style, {
      left: `${cell.x}px`,
      top: `${cell.y}px`,
      width: `${cell.width}px`,
      height: `${cell.height}px`,
    });
    if (!isGroup) this.#paint(drawn, cell);
    const hasText = isGroup ? hasStrip : cell.width >= 44 && cell.height >= 18;
    if (hasText && node !== undefined) {
      const label = element('span', { class: 'map-name', text: visibleName(node.label) });
      const [kind, another] = cell.weights.flatMap((bytes, index) => (bytes > 0 ? [index] : []));
      if (!isGroup && kind !== undefined && another === undefined) label.dataset['sign'] = kindSigns[kind];
      drawn.append(label);
      if (isGroup ? cell.width >= 130 : cell.height >= 34)
        drawn.append(' ', element('span', { class: 'map-size', text: size }));
    }
    return drawn;
  }

  /** A folder that is not divided shows each kind's share as a stripe. */
  #paint(drawn: HTMLElement, { weights, weight }: MapCell): void {
    if (weights.filter((bytes) => bytes > 0).length < 2) return;
    let reached = 0;
    const stripes = weights.flatMap((bytes, kind) => {
      if (bytes === 0) return [];
      const from = (100 * reached) / weight;
      reached += bytes;
      const color = `var(--fill-${pageKinds[kind] ?? ''})`;
      return [`${color} ${from.toFixed(2)}%`, `${color} ${((100 * reached) / weight).toFixed(2)}%`];
    });
    drawn.style.backgroundImage = `linear-gradient(to right, ${stripes.join(', ')})`;
  }

  #kindsOf({ weights }: MapCell): string {
    return weights
      .map((bytes, kind) => [bytes, kind] as const)
      .filter(([bytes]) => bytes > 0)
      .sort(([a], [b]) => b - a)
      .map(([bytes, kind]) => `${kindWord(kind, this.#context.strings).toLowerCase()} ${formatBytes(bytes)}`)
      .join(', ');
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const buttons = this.#buttons();
    const at = buttons.findIndex((one) => one === document.activeElement);
    if (event.key === 'Escape' || event.key === 'Backspace') {
      const out = this.#way.at(-2);
      if (out === undefined) return;
      event.preventDefault();
      this.#goInto(out);
      return;
    }
    const to =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? buttons.length - 1
          : cellTowards(this.#cells, at, event.key);
    const next = to === undefined ? undefined : buttons[to];
    if (next === undefined) return;
    event.preventDefault();
    for (const one of buttons) one.tabIndex = one === next ? 0 : -1;
    next.focus();
  }
}

function kindOfMost({ weights }: MapCell): string {
  const most = weights.indexOf(Math.max(...weights));
  return pageKinds[most] ?? '';
}

/** Joined folders may have been split or joined anew: what is looked for is the path. */
function childAt(node: ChangeNode | undefined, path: string): ChangeNode | undefined {
  let here = node;
  while (here !== undefined) {
    const next: ChangeNode | undefined = [...(here.children?.values() ?? [])].find(
      (child) => path === child.path || path.startsWith(`${child.path}/`),
    );
    if (next?.children === undefined) return undefined;
    if (next.path === path) return next;
    here = next;
  }
  return undefined;
}
