import type { Command } from './command.ts';
import { globalOptions, type OptionTable } from './options.ts';

/** `drydock --help` */
export function overview(commands: readonly Command[]): readonly string[] {
  return [
    'Usage: drydock COMMAND [OPTIONS]',
    '',
    'Inspect, back up and restore what runs on a container engine.',
    '',
    'Commands:',
    ...aligned(commands.map(({ name, usage, summary }) => [`${name} ${usage}`.trim(), summary])),
    '',
    'Options of every command:',
    ...optionLines(globalOptions),
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some of several failed, 130 cancelled.',
    'Details: drydock COMMAND --help',
  ];
}

/** `drydock COMMAND --help` */
export function commandHelp(command: Command): readonly string[] {
  const own = optionLines(command.options);
  return [
    `Usage: drydock ${command.name} ${command.usage}`.trimEnd(),
    '',
    `${command.summary}.`,
    ...(command.details ?? []).flatMap((paragraph) => ['', paragraph]),
    ...(own.length > 0 ? ['', 'Options:', ...own] : []),
    '',
    'Options of every command:',
    ...optionLines(globalOptions),
  ];
}

function optionLines(table: OptionTable): readonly string[] {
  return aligned(
    Object.entries(table).map(([name, { short, value, choices, help }]) => [
      `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      choices === undefined ? help : `${choices.join(' | ')}: ${help}`,
    ]),
  );
}

function aligned(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
