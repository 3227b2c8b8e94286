/** What of a long list is drawn. All lengths are CSS pixels, all rows are as high as each other. */
export interface ListView {
  readonly count: number;
  readonly rowHeight: number;
  /** How far the list is scrolled, and how much of it is seen below the heading. */
  readonly scrollTop: number;
  readonly height: number;
}

/** Drawn beyond what is seen on each side, so that a short scroll finds rows there. */
const spare = 12;

/** The rows to draw: from `start` up to, not including, `end`. */
export function drawnRows({ count, rowHeight, scrollTop, height }: ListView): {
  readonly start: number;
  readonly end: number;
} {
  const first = Math.floor(scrollTop / rowHeight);
  const last = Math.ceil((scrollTop + height) / rowHeight);
  return {
    start: Math.max(0, Math.min(count, first - spare)),
    end: Math.max(0, Math.min(count, last + spare)),
  };
}

/** Where to scroll so that a row is seen whole; the place it has if it is. */
export function scrollFor(row: number, { rowHeight, scrollTop, height }: ListView): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - height);
}

/** Rows that a page up or down goes. */
export function pageRows({ rowHeight, height }: Pick<ListView, 'rowHeight' | 'height'>): number {
  return Math.max(1, Math.floor(height / rowHeight) - 1);
}

/** The row a key goes to; undefined for other keys. */
export function rowForKey(key: string, current: number, view: ListView): number | undefined {
  const last = view.count - 1;
  const to = {
    ArrowUp: current - 1,
    ArrowDown: current + 1,
    Home: 0,
    End: last,
    PageUp: current - pageRows(view),
    PageDown: current + pageRows(view),
  }[key];
  return to === undefined ? undefined : Math.max(0, Math.min(last, to));
}
