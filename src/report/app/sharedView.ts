import type { DrawnImage, DrawnLayer, PageSharing, SharedSort, SharedStrings } from '../sharedProtocol.ts';
import { button, element, fill } from './element.ts';
import { LayerBars } from './layerBars.ts';

export interface SharedViewOptions {
  readonly sort: SharedSort;
  readonly onSort: (sort: SharedSort) => void;
}

/** What the page shows of the layers that images share: numbers, and a bar for each image. */
export function sharedView(
  sharing: PageSharing,
  strings: SharedStrings,
  options: SharedViewOptions,
): HTMLElement {
  return element('div', { class: 'report shared' }, [
    element('header', {}, [
      element('h1', { text: strings.title }),
      element(
        'dl',
        { class: 'facts' },
        sharing.facts.map(([label, text, title]) =>
          element('div', {}, [element('dt', { text: label }), element('dd', { text, title })]),
        ),
      ),
      element(
        'div',
        { class: 'remarks muted' },
        sharing.notes.map((text) => element('p', { text })),
      ),
    ]),
    element('section', { attributes: { 'aria-label': strings.title } }, [
      legend(sharing, strings),
      ...table(sharing, strings, options),
    ]),
  ]);
}

/** How many have a layer, as a class of the style sheet. */
function kindOf({ users }: DrawnLayer): 'untold' | 'own' | 'two' | 'few' | 'many' {
  if (users === 0) return 'untold';
  if (users === 1) return 'own';
  if (users === 2) return 'two';
  return users <= 5 ? 'few' : 'many';
}

function legend({ layers }: PageSharing, strings: SharedStrings): HTMLElement {
  const there = new Set(layers.map(kindOf));
  const words = {
    own: strings.ownLegend,
    two: strings.twoLegend,
    few: strings.fewLegend,
    many: strings.manyLegend,
    untold: strings.untoldLegend,
  };
  return element(
    'ul',
    { class: 'legend' },
    Object.entries(words)
      .filter(([kind]) => [...there].some((one) => one === kind))
      .map(([kind, text]) =>
        element('li', {}, [
          element('span', { class: `swatch ${kind}`, attributes: { 'aria-hidden': 'true' } }),
          text,
        ]),
      ),
  );
}

function table(
  sharing: PageSharing,
  strings: SharedStrings,
  { sort, onSort }: SharedViewOptions,
): readonly HTMLElement[] {
  const told = element('p', {
    class: 'told',
    text: strings.pointAtLayer,
    attributes: { 'aria-hidden': 'true' },
  });
  const bars = new LayerBars({
    layers: sharing.layers.map((layer) => ({ ...layer, kind: kindOf(layer) })),
    largestBytes: Math.max(1, ...sharing.images.map(({ sizeBytes }) => sizeBytes)),
    onPoint: (text) => {
      told.textContent = text ?? strings.pointAtLayer;
    },
  });
  const rows = new Map(sharing.images.map((image) => [image, rowOf(image, bars, strings)]));
  const body = element('tbody');
  const headings = new Map<SharedSort, HTMLElement>();
  const order = (by: SharedSort): void => {
    const images = sharing.images.toSorted(orders[by]);
    body.replaceChildren(...images.flatMap((image) => rows.get(image) ?? []));
    bars.order(images.map(({ id }) => id));
    for (const [one, heading] of headings)
      heading.setAttribute('aria-sort', one !== by ? 'none' : one === 'name' ? 'ascending' : 'descending');
  };
  const sortable = (by: SharedSort, text: string): HTMLElement => {
    const heading = element('th', { attributes: { scope: 'col' } }, [
      sortButton(by, text, () => {
        order(by);
        onSort(by);
      }),
    ]);
    headings.set(by, heading);
    return heading;
  };
  const plain = (text: string, name = ''): HTMLElement =>
    element('th', { class: name, text, attributes: { scope: 'col' } });
  const head = element('thead', {}, [
    element('tr', {}, [
      sortable('name', strings.image),
      plain(strings.layers),
      sortable('size', strings.size),
      plain(strings.shared, 'common'),
      sortable('givesBack', strings.givesBack),
    ]),
  ]);
  order(sort);
  const whole = element('table', { class: 'layers', attributes: { 'aria-label': strings.title } }, [
    head,
    body,
  ]);
  bars.follow(whole);
  return [whole, told];
}

function sortButton(by: SharedSort, text: string, onClick: () => void): HTMLButtonElement {
  return button({ class: 'sort', text, onClick, attributes: { 'data-key': `sort ${by}` } });
}

const orders: Readonly<Record<SharedSort, (a: DrawnImage, b: DrawnImage) => number>> = {
  givesBack: (a, b) => b.givesBackBytes - a.givesBackBytes || b.sizeBytes - a.sizeBytes,
  size: (a, b) => b.sizeBytes - a.sizeBytes,
  name: (a, b) => a.name.localeCompare(b.name),
};

function rowOf(image: DrawnImage, bars: LayerBars, strings: SharedStrings): HTMLElement {
  const { id, name, title, notes, layers, size, shared, givesBack } = image;
  return element('tr', { class: 'step' }, [
    element('th', { class: 'who', attributes: { scope: 'row' } }, [
      element('code', { text: name, title }),
      ...notes.map((text) => element('div', { class: 'muted', text })),
    ]),
    element('td', { class: 'picture' }, [bars.bar({ id, layers, label: fill(strings.layersOf, { name }) })]),
    element('td', { class: 'amountText', text: size }),
    element('td', { class: 'amountText common', text: shared }),
    element('td', { class: 'amountText', text: givesBack }),
  ]);
}
