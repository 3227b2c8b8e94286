/**
 * One form for instructions that builders write in several: a step of a history and what a Dockerfile makes of an
 * instruction are the same when their canonical texts are.
 */
import { goList, jsonList } from './goSyntax.ts';

/** `keyword` with its operands in the one form. Operands are those of a step as `instructionOf` reads it. */
export function canonical(keyword: string, operands: string): string {
  return `${keyword} ${canonicalOperands(keyword, operands.trim())}`.trimEnd();
}

function canonicalOperands(keyword: string, operands: string): string {
  switch (keyword) {
    case 'RUN':
      return bareScript(withoutFlags(operands));
    case 'ADD':
    case 'COPY':
      return withoutFlags(operands);
    case 'CMD':
    case 'ENTRYPOINT':
    case 'SHELL':
      return listText(operands) ?? operands;
    case 'EXPOSE':
      return canonicalPorts(operands.split(/\s+/));
    case 'HEALTHCHECK':
      return canonicalCheck(operands);
    case 'VOLUME':
      return canonicalVolumes(operands);
    default:
      return operands;
  }
}

/** Flags say how an instruction was run; not every builder notes them. */
export function withoutFlags(operands: string): string {
  return operands.replace(/^(?:--[A-Za-z][\w-]*(?:=\S*)?\s+)+/, '');
}

/** What stands behind the last blank: where files are copied to. */
export function lastWord(operands: string): string {
  return operands.split(/\s/).at(-1) ?? '';
}

/** The lines of a script without the here-document around them. */
function bareScript(script: string): string {
  const [, , inside] = /^<<(\w+)\n([^]*)\n\1$/.exec(script) ?? [];
  return (inside ?? script).trim();
}

function listText(operands: string): string | undefined {
  const list = goList(operands);
  return list === undefined ? undefined : jsonList(list);
}

/** Blanks between the names may be part of them (`VOLUME [/more /with space]`), so that only the letters count. */
function canonicalVolumes(operands: string): string {
  return (goList(operands)?.join(' ') ?? operands.replace(/^\[([^"]*)\]$/, '$1'))
    .split(/\s+/)
    .sort()
    .join(' ');
}

/** Ports of one instruction that are counted out; ranges beyond them stay as they are written. */
const mostPorts = 2_000;

export function canonicalPorts(ports: readonly string[]): string {
  let counted = 0;
  const all = ports.flatMap((port) => {
    const [range = '', protocol = 'tcp'] = port.toLowerCase().split('/');
    const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(range) ?? [];
    const count = Number(last) - Number(first) + 1;
    if (!(count > 0 && counted + count <= mostPorts)) return [`${range}/${protocol}`];
    counted += count;
    return Array.from({ length: count }, (_, at) => `${Number(first) + at}/${protocol}`);
  });
  return [...new Set(all)].sort().join(' ');
}

/** Flags in one order, durations as seconds, zeros left out as the engine leaves them out. */
function canonicalCheck(operands: string): string {
  if (operands.toUpperCase() === 'NONE') return 'NONE';
  const flags = new Map<string, string>();
  let rest = operands;
  for (;;) {
    const [flag, name = '', value = ''] = /^--([\w-]+)=(\S*)\s*/.exec(rest) ?? [];
    if (flag === undefined) break;
    flags.set(name, value);
    rest = rest.slice(flag.length);
  }
  const said = ['interval', 'timeout', 'start-period', 'start-interval', 'retries'].flatMap((name) => {
    const value = flags.get(name) ?? '';
    const number = name === 'retries' ? Number(value) : secondsOf(value);
    return value === '' || number === 0 ? [] : [`--${name}=${number ?? value}`];
  });
  const command = rest.replace(/^CMD(?=\s)/i, 'CMD');
  return [...said, `CMD ${listText(command.slice(3).trim()) ?? command.slice(3).trim()}`].join(' ');
}

const unitSeconds: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};

/** `1m30s` as 90; undefined for what is no duration of Go. */
function secondsOf(duration: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+$/.test(duration)) return undefined;
  const parts = duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g);
  return [...parts].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (unitSeconds[unit] ?? 0),
    0,
  );
}

/** Blanks as builders of different ages join continued lines. */
export function withPlainBlanks(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
