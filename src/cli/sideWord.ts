import { usageFailure } from './failures.ts';

const kinds = ['image', 'container', 'volume', 'snapshot', 'archive'] as const;
export type SideKind = (typeof kinds)[number];

/** What a side of a comparison is called on the command line. */
export interface SideWord {
  /** Undefined where whatever has the name is meant. */
  readonly kind?: SideKind;
  readonly name: string;
  /** One of several file systems in an archive or a snapshot. */
  readonly root?: string;
  /** Places of layers from 0, the bottom one; both are meant. */
  readonly layers?: { readonly from: number; readonly to: number };
}

/**
 * Reads `[KIND://]NAME[//ROOT][@layer:N[-M]]`. Names of images have neither two slashes nor an @ before anything but a
 * digest, so none of them can be taken for something else. Throws a usage failure.
 */
export function parseSideWord(word: string): SideWord {
  const scheme = /^([a-z]+):\/\//.exec(word)?.[1];
  const kind = kinds.find((one) => one === scheme);
  if (scheme !== undefined && kind === undefined)
    throw usageFailure(`"${word}" starts with none of ${kinds.map((one) => `${one}://`).join(', ')}.`);
  const rest = kind === undefined ? word : word.slice(kind.length + '://'.length);
  const range = /@layers?:(\d{1,5})(?:-(\d{1,5}))?$/.exec(rest);
  const whole = range === null ? rest : rest.slice(0, range.index);
  const split = whole.lastIndexOf('//');
  const [name, root] = split > 0 ? [whole.slice(0, split), whole.slice(split + 2)] : [whole, ''];
  if (name === '') throw usageFailure(`"${word}" names nothing.`);
  const from = Number(range?.[1]);
  const to = Number(range?.[2] ?? from);
  if (from > to) throw usageFailure(`In "${word}" the first layer comes after the last one.`);
  return {
    name,
    ...(kind !== undefined && { kind }),
    ...(root !== '' && { root }),
    ...(range !== null && { layers: { from, to } }),
  };
}
