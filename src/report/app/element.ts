/** Builds elements from data. Text goes in as text alone; nothing here reads markup. */

interface Options {
  readonly class?: string;
  readonly text?: string;
  readonly title?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly onClick?: () => void;
}

/** An element with its children; an empty `title` sets none. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: Options = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (options.class !== undefined) made.className = options.class;
  if (options.title !== undefined && options.title !== '') made.title = options.title;
  for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
  if (options.text !== undefined) made.textContent = options.text;
  made.append(...children);
  if (options.onClick !== undefined) made.addEventListener('click', options.onClick);
  return made;
}

/** A button that never submits. */
export function button(options: Options, children: readonly (Node | string)[] = []): HTMLButtonElement {
  const made = element('button', options, children);
  made.type = 'button';
  return made;
}

/** Puts `values` into the places of a template. */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** The two sheets that stand for copying. */
export function copyGlyph(): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  for (const [x, y] of [
    [2.5, 2.5],
    [5.5, 5.5],
  ]) {
    const sheet = document.createElementNS(space, 'rect');
    sheet.setAttribute('x', String(x));
    sheet.setAttribute('y', String(y));
    sheet.setAttribute('width', '8');
    sheet.setAttribute('height', '8');
    sheet.setAttribute('rx', '1.5');
    svg.append(sheet);
  }
  return svg;
}
