import { parseArgs, type ParseArgsConfig } from 'node:util';
import { reasonOf } from '../core/errors.ts';
import { usageFailure } from './failures.ts';
import { globalOptions, vaultOption, type OptionTable } from './options.ts';

type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** The parsed rest of a command line. */
export class Arguments {
  readonly words: readonly string[];
  readonly #values: Values;

  constructor(words: readonly string[], values: Values) {
    this.words = words;
    this.#values = values;
  }

  /** The only or first argument; the table has seen to it that there is one. */
  get first(): string {
    const word = this.words[0];
    if (word === undefined) throw usageFailure('An argument is missing.');
    return word;
  }

  isSet(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  }

  /** The value of an option that has choices; `known` narrows it. */
  choice<T extends string>(name: string, known: readonly T[]): T | undefined {
    const value = this.text(name);
    return known.find((each) => each === value);
  }
}

/** The words of a command line that are no options, with their places in `argv`: the first names the subcommand. */
export function leadingWords(
  argv: readonly string[],
): readonly { readonly index: number; readonly value: string }[] {
  const { tokens } = parseArgs({
    args: [...argv],
    // The vault, too, is often named before the command.
    options: parseArgsOptions({ ...globalOptions, ...vaultOption }),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.filter((token) => token.kind === 'positional').map(({ index, value }) => ({ index, value }));
}

/** Reads a command line by its options. Throws a usage failure for what does not belong there. */
export function parseArguments(argv: readonly string[], options: OptionTable): Arguments {
  const all = { ...globalOptions, ...options };
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      options: parseArgsOptions(all),
      strict: true,
      allowPositionals: true,
    });
  } catch (error) {
    if (!isParseError(error)) throw error;
    throw usageFailure(`${reasonOf(error).split('. ')[0]?.replace(/\.$/, '') ?? ''}.`);
  }
  const args = new Arguments(parsed.positionals, parsed.values);
  // `extract "$snapshot" "$path"` with a variable that is not set must not mean everything.
  if (args.words.includes('')) throw usageFailure('An argument is empty. Is a variable not set?');
  for (const [name, { choices, mayBeEmpty = false, value: word = '' }] of Object.entries(all)) {
    if (!mayBeEmpty && [args.text(name), ...args.texts(name)].includes(''))
      throw usageFailure(`--${name} needs a ${word}; it is empty.`);
    const value = args.text(name);
    if (choices === undefined || value === undefined || choices.includes(value)) continue;
    throw usageFailure(`--${name} is one of ${choices.join(', ')}, not "${value}".`);
  }
  return args;
}

function isParseError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

function parseArgsOptions(table: OptionTable): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(table).map(([name, { short, value, isRepeatable }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: isRepeatable ?? false,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
}
