/** Where a Compose file names images, with the lines they stand on. Source: compose-spec, `image`, `build`, `name`. */
import { isMap, isScalar, LineCounter, parseDocument, type Pair } from 'yaml';
import { resolved, type Lookup } from '../dockerfile/substitute.ts';

export interface ComposeService {
  readonly name: string;
  /** Lines are counted from 0. */
  readonly line: number;
  /** `name` is absent where a variable without a default is in it. */
  readonly image?: { readonly line: number; readonly written: string; readonly name?: string };
  /** Paths as they are written; what holds variables without a default is left out. */
  readonly build?: {
    readonly line: number;
    readonly context?: string;
    readonly dockerfile?: string;
    readonly target?: string;
    /** The instructions stand in the Compose file itself, as `dockerfile_inline`. */
    readonly isInline?: true;
  };
}

export interface ComposeFile {
  /** The project's name, where the file states it. */
  readonly name?: string;
  /** The line of `services`. */
  readonly servicesLine?: number;
  readonly services: readonly ComposeService[];
}

/** No person writes more. */
const mostSigns = 128 << 10;
const mostServices = 1_000;

const none: ComposeFile = { services: [] };

/**
 * Reads what is there; a file that is being written, with errors in it, gives the services around them. Aliases and
 * merge keys are not followed: what they bring stands on another line.
 */
export function composeServices(text: string): ComposeFile {
  if (text.length > mostSigns) return none;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    keepSourceTokens: false,
    logLevel: 'silent',
    // Each key would be compared with all before it.
    uniqueKeys: false,
  });
  const lineOf = (pair: Pair): number => {
    const start = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
    return start === undefined ? 0 : Math.max(0, lines.linePos(start).line - 1);
  };
  if (!isMap(document.contents)) return none;
  const name = textOf(pairOf(document.contents.items, 'name'));
  const servicesPair = pairOf(document.contents.items, 'services');
  const services = isMap(servicesPair?.value) ? servicesPair.value.items : [];
  return {
    ...(name === undefined ? {} : { name }),
    ...(servicesPair === undefined ? {} : { servicesLine: lineOf(servicesPair) }),
    services: services.slice(0, mostServices).flatMap((pair) => serviceOf(pair, lineOf)),
  };
}

function serviceOf(pair: Pair, lineOf: (pair: Pair) => number): readonly ComposeService[] {
  if (!isScalar(pair.key) || !isMap(pair.value)) return [];
  const { items } = pair.value;
  const imagePair = pairOf(items, 'image');
  const written = imagePair && isScalar(imagePair.value) ? scalarText(imagePair.value.value) : '';
  const image = withDefaults(written);
  const buildPair = pairOf(items, 'build');
  return [
    {
      name: String(pair.key.value),
      line: lineOf(pair),
      ...(imagePair && written !== ''
        ? { image: { line: lineOf(imagePair), written, ...(image === undefined ? {} : { name: image }) } }
        : {}),
      ...(buildPair ? { build: { line: lineOf(buildPair), ...buildOf(buildPair) } } : {}),
    },
  ];
}

function buildOf({ value }: Pair): Omit<NonNullable<ComposeService['build']>, 'line'> {
  if (isScalar(value)) return part('context', withDefaults(scalarText(value.value)));
  if (!isMap(value)) return {};
  const { items } = value;
  return {
    ...part('context', textOf(pairOf(items, 'context'))),
    ...part('dockerfile', textOf(pairOf(items, 'dockerfile'))),
    ...part('target', textOf(pairOf(items, 'target'))),
    ...(pairOf(items, 'dockerfile_inline') !== undefined && { isInline: true }),
  };
}

function part<K extends string>(key: K, value: string | undefined): Partial<Readonly<Record<K, string>>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Record<K, string>);
}

/** What a scalar says as text; nothing for null and dates. */
function scalarText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

function pairOf(items: readonly Pair[], key: string): Pair | undefined {
  return items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

function textOf(pair: Pair | undefined): string | undefined {
  return isScalar(pair?.value) ? withDefaults(scalarText(pair.value.value)) : undefined;
}

/**
 * With the defaults of variables. What the environment of the person who starts the project says is not looked at, so
 * a variable without a default makes the text unknown.
 */
function withDefaults(text: string): string | undefined {
  let isKnown = true;
  const lookup: Lookup = () => ({ kind: 'unset' });
  const isOpen = /\$(?:[A-Za-z_]|\{\w+\})/.test(text.replaceAll('$$', ''));
  if (isOpen) isKnown = false;
  // Quotes and backslashes, which a Dockerfile would take away, are signs like others here.
  const plain = text.replace(/[\\"']/g, String.raw`\$&`).replaceAll('$$', String.raw`\$`);
  return isKnown ? resolved(plain, lookup, '\\') : undefined;
}
