import { kindOf, type PageLayer, type PageReport, type PageStrings } from '../protocol.ts';
import { button, element, fill } from './element.ts';

/** More segments than this can be neither seen nor hit; the smallest are drawn as one. */
const mostSegments = 120;

export interface SizeBarDeps {
  readonly report: PageReport;
  readonly strings: PageStrings;
  /** Shows the step in the table. */
  readonly onChoose: (number: number) => void;
}

/**
 * The layers side by side, oldest first, as wide as they are large, with a legend below. One tab stop; the arrow
 * keys, Home and End go from segment to segment.
 */
export function sizeBar({ report, strings, onChoose }: SizeBarDeps): HTMLElement {
  const heading = element('h2', { text: strings.layerSizes }, [
    ' ',
    element('span', { class: 'muted', text: report.total }),
  ]);
  const section = element('section', { class: 'sizes', attributes: { 'aria-label': strings.layerSizes } }, [
    heading,
  ]);
  const sized = report.layers.filter(({ sizeBytes }) => sizeBytes > 0);
  if (sized.length === 0) {
    section.append(element('p', { class: 'muted', text: strings.noSizes }));
    return section;
  }

  const drawn = new Set(sized.toSorted((a, b) => b.sizeBytes - a.sizeBytes).slice(0, mostSegments));
  const segments = sized
    .filter((layer) => drawn.has(layer))
    .toReversed()
    .map((layer) => segmentOf(layer, strings, onChoose));
  const bar = element('div', {
    class: 'bar',
    attributes: { role: 'group', 'aria-label': strings.layerSizes },
  });
  bar.append(...segments);
  const rest = sized.filter((layer) => !drawn.has(layer));
  if (rest.length > 0) {
    const restBytes = rest.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const bytes = element('div', { class: 'segment kind-other' });
    bytes.style.flexGrow = String(restBytes);
    bar.append(bytes);
  }
  roveWithArrows(segments);
  section.append(bar, legend(report, rest.length, strings));
  return section;
}

function segmentOf(
  layer: PageLayer,
  strings: PageStrings,
  onChoose: (number: number) => void,
): HTMLButtonElement {
  const name = fill(strings.segment, {
    number: layer.number,
    instruction: layer.text.slice(0, 120) || strings.noHistory,
    size: layer.size,
    share: layer.share,
  });
  const segment = button({
    class: `segment kind-${kindOf(layer.keyword)}`,
    title: name,
    attributes: { 'aria-label': name },
    onClick: () => {
      onChoose(layer.number);
    },
  });
  segment.style.flexGrow = String(layer.sizeBytes);
  return segment;
}

function roveWithArrows(segments: readonly HTMLButtonElement[]): void {
  segments.forEach((segment, index) => {
    segment.tabIndex = index === 0 ? 0 : -1;
    segment.addEventListener('keydown', (event) => {
      const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: segments.length - 1 }[
        event.key
      ];
      const next = to === undefined ? undefined : segments[to];
      if (next === undefined) return;
      event.preventDefault();
      segment.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  });
}

function legend(report: PageReport, otherCount: number, strings: PageStrings): HTMLElement {
  const items = report.legend.map(({ kind, name, text }) =>
    element('li', {}, [
      element('span', { class: `swatch kind-${kind}`, attributes: { 'aria-hidden': 'true' } }),
      `${name} `,
      element('span', { class: 'muted', text }),
    ]),
  );
  if (otherCount > 0)
    items.push(element('li', { class: 'muted', text: fill(strings.otherLayers, { count: otherCount }) }));
  return element('ul', { class: 'legend' }, items);
}
