import { button, element } from './element.ts';

export interface BarLayer {
  readonly bytes: number;
  readonly text: string;
  /** A class of the style sheet. */
  readonly kind: string;
}

export interface LayerBarsDeps {
  readonly layers: readonly BarLayer[];
  /** What fills the whole width, in all bars the same. */
  readonly largestBytes: number;
  /** What the layer says that is pointed at, or undefined for none. */
  readonly onPoint: (text: string | undefined) => void;
}

/**
 * Bars of images on one scale, made of their layers. A layer that is pointed at stands out in all bars. All bars are one
 * tab stop: the arrow keys go from layer to layer and from bar to bar, Home and End to the ends of a bar. Enter keeps a
 * layer marked, Escape lets go of it.
 */
export class LayerBars {
  readonly #deps: LayerBarsDeps;
  readonly #segments = new Map<number, HTMLButtonElement[]>();
  readonly #places = new Map<
    EventTarget,
    { readonly layer: number; readonly bar: string; readonly at: number }
  >();
  readonly #bars = new Map<string, readonly HTMLButtonElement[]>();
  #order: readonly string[] = [];
  #stop: HTMLButtonElement | undefined;
  #marked: number | undefined;
  #kept: number | undefined;
  #whole: HTMLElement | undefined;

  constructor(deps: LayerBarsDeps) {
    this.#deps = deps;
  }

  bar({
    id,
    layers,
    label,
  }: {
    readonly id: string;
    readonly layers: readonly number[];
    readonly label: string;
  }): HTMLElement {
    const segments = layers.map((layer, at) => this.#segment(id, layer, at));
    this.#bars.set(id, segments);
    const made = element(
      'div',
      { class: 'bar', attributes: { role: 'group', 'aria-label': label } },
      segments,
    );
    const bytes = layers.reduce((sum, layer) => sum + (this.#deps.layers[layer]?.bytes ?? 0), 0);
    made.style.width = `${((100 * bytes) / this.#deps.largestBytes).toFixed(2)}%`;
    return made;
  }

  /** In which order the bars stand, for the arrow keys. */
  order(ids: readonly string[]): void {
    this.#order = ids.filter((id) => (this.#bars.get(id)?.length ?? 0) > 0);
    this.#stopAt(this.#bars.get(this.#order[0] ?? '')?.[0]);
  }

  /** Listens within `whole`, which holds all bars. */
  follow(whole: HTMLElement): void {
    this.#whole = whole;
    const point = ({ target }: Event): void => {
      this.#mark(target === null ? undefined : this.#places.get(target)?.layer);
    };
    whole.addEventListener('pointerover', point);
    whole.addEventListener('focusin', point);
    whole.addEventListener('pointerleave', () => {
      this.#mark(undefined);
    });
    whole.addEventListener('focusout', () => {
      this.#mark(undefined);
    });
    whole.addEventListener('keydown', (event) => {
      this.#press(event);
    });
  }

  #segment(id: string, layer: number, at: number): HTMLButtonElement {
    const { bytes = 0, text = '', kind = '' } = this.#deps.layers[layer] ?? {};
    const made = button({
      class: `segment ${kind}`,
      attributes: {
        'aria-label': text,
        'aria-pressed': 'false',
        'data-key': `${id} ${String(at)}`,
        tabindex: '-1',
      },
      onClick: () => {
        this.#keep(this.#kept === layer ? undefined : layer);
      },
    });
    made.style.flexGrow = String(bytes);
    this.#places.set(made, { layer, bar: id, at });
    const same = this.#segments.get(layer) ?? [];
    same.push(made);
    this.#segments.set(layer, same);
    made.addEventListener('focus', () => {
      this.#stopAt(made);
    });
    return made;
  }

  #press(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.#keep(undefined);
    const place = event.target === null ? undefined : this.#places.get(event.target);
    if (place === undefined) return;
    const { bar, at } = place;
    const row = this.#order.indexOf(bar);
    const inBar = this.#bars.get(bar) ?? [];
    const beside = (step: number): HTMLButtonElement | undefined => {
      const segments = this.#bars.get(this.#order[row + step] ?? '') ?? [];
      return segments[Math.min(at, segments.length - 1)];
    };
    const ways: Readonly<Record<string, HTMLButtonElement | undefined>> = {
      ArrowLeft: inBar[at - 1],
      ArrowRight: inBar[at + 1],
      Home: inBar[0],
      End: inBar.at(-1),
      ArrowUp: beside(-1),
      ArrowDown: beside(1),
    };
    const next = ways[event.key];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }

  #stopAt(segment: HTMLButtonElement | undefined): void {
    if (segment === undefined) return;
    if (this.#stop !== undefined) this.#stop.tabIndex = -1;
    segment.tabIndex = 0;
    this.#stop = segment;
  }

  #keep(layer: number | undefined): void {
    for (const segment of this.#segmentsOf(this.#kept)) segment.setAttribute('aria-pressed', 'false');
    for (const segment of this.#segmentsOf(layer)) segment.setAttribute('aria-pressed', 'true');
    this.#kept = layer;
    this.#mark(layer);
  }

  #mark(pointedAt: number | undefined): void {
    const layer = pointedAt ?? this.#kept;
    if (layer === this.#marked) return;
    for (const segment of this.#segmentsOf(this.#marked)) segment.classList.remove('marked');
    for (const segment of this.#segmentsOf(layer)) segment.classList.add('marked');
    this.#marked = layer;
    this.#whole?.classList.toggle('marking', layer !== undefined);
    this.#deps.onPoint(layer === undefined ? undefined : this.#deps.layers[layer]?.text);
  }

  #segmentsOf(layer: number | undefined): readonly HTMLButtonElement[] {
    return layer === undefined ? [] : (this.#segments.get(layer) ?? []);
  }
}
