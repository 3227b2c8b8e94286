import type { Command } from './command.ts';
import { globalOptions, type OptionTable } from './options.ts';

/** `drydock --help` */
export function overview(commands: readonly Command[], columns: number): readonly string[] {
  return [
    'Usage: drydock COMMAND [OPTIONS]',
    '',
    'Inspect, back up and restore what runs on a container engine.',
    '',
    'Commands:',
    ...commandLines(commands, columns),
    '',
    'Options of every command:',
    ...optionLines(globalOptions, columns),
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some of several failed, 130 cancelled.',
    'Details: drydock COMMAND --help',
  ];
}

/** `drydock backup --help`, of commands that begin with the same word. */
export function familyHelp(commands: readonly Command[], columns: number): readonly string[] {
  const word = commands[0]?.name.split(' ')[0] ?? '';
  return [
    `Usage: drydock ${word} COMMAND [OPTIONS]`,
    '',
    'Commands:',
    ...commandLines(commands, columns),
    '',
    `Details: drydock ${word} COMMAND --help`,
  ];
}

/** `drydock COMMAND --help` */
export function commandHelp(command: Command, columns: number): readonly string[] {
  const own = optionLines(command.options, columns);
  return [
    ...wrapped(`Usage: drydock ${command.name} ${command.usage}`.trimEnd(), columns).map((line, index) =>
      index === 0 ? line : `  ${line}`,
    ),
    '',
    ...wrapped(`${command.summary}.`, columns),
    ...(command.details ?? []).flatMap((paragraph) => ['', ...wrapped(paragraph, columns)]),
    ...(own.length > 0 ? ['', 'Options:', ...own] : []),
    '',
    'Options of every command:',
    ...optionLines(globalOptions, columns),
  ];
}

function commandLines(commands: readonly Command[], columns: number): readonly string[] {
  return aligned(
    commands.map(({ name, usage, summary }) => [`${name} ${withoutOptions(usage)}`.trimEnd(), summary]),
    columns,
  );
}

function optionLines(table: OptionTable, columns: number): readonly string[] {
  return aligned(
    Object.entries(table).map(([name, { short, value, choices, help }]) => [
      `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      choices === undefined ? help : `${choices.join(' | ')}: ${help}`,
    ]),
    columns,
  );
}

/** `SNAPSHOT [ROOT:]PATH [-o FOLDER]` ⇒ `SNAPSHOT [ROOT:]PATH`; the rest is in the help of the command. */
function withoutOptions(usage: string): string {
  return usage.replace(/(^| )\[-.*$/, '');
}

function aligned(pairs: readonly (readonly [string, string])[], columns: number): readonly string[] {
  const width = Math.max(0, ...pairs.map(([left]) => left.length));
  return pairs.flatMap(([left, right]) =>
    wrapped(right, columns - width - 4).map(
      (line, index) => `  ${(index === 0 ? left : '').padEnd(width)}  ${line}`,
    ),
  );
}

/** A paragraph in lines; a word that is longer than a line stays whole. */
function wrapped(text: string, columns: number): readonly string[] {
  return text.split(' ').reduce<readonly string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);
}
