import { basename } from 'node:path';
import { inspect } from 'node:util';
import type { Engine } from '../core/engine/engine.ts';
import type { ProgressPort } from '../core/progress.ts';
import type { OpenEndpoint } from '../core/registry/endpoint.ts';
import type { RemoteRegistry } from '../core/registry/remoteRepository.ts';
import { leadingWords, parseArguments, type Arguments } from './arguments.ts';
import type { Command, CommandContext, Input, Report } from './command.ts';
import { commandTable, type CommandRow } from './commandTable.ts';
import { exitCodes, type ExitCode } from './exitCode.ts';
import { tellFailure, toldFailure, usageFailure } from './failures.ts';
import { commandHelp, familyHelp, overview } from './help.ts';
import { globalOptions } from './options.ts';
import { printable, printableJson } from './printable.ts';
import { ProgressLine } from './progressLine.ts';

/** Where text goes. A write resolves when the text has left the process. */
export interface Output {
  write(text: string): Promise<void>;
  /** Says whether anybody is left to read more. */
  writeBytes(bytes: Uint8Array): Promise<boolean>;
  /** Width of the terminal; absent when it is none. */
  columns(): number | undefined;
}

/** All that the command line needs from the machine. */
export interface CliHost {
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  readonly temporaryFolder: string;
  /** Where what can be read again is kept. */
  readonly cacheFolder?: string;
  /** Where vaults of this machine lie that restores out of registries work in. */
  readonly dataFolder?: string;
  /** Where what must not be lost is kept, until it is put right. */
  readonly stateFolder?: string;
  /** Where the program of exported pages lies. */
  readonly reportFolder?: string;
  /** Fires on the first signal to end. */
  readonly signal: AbortSignal;
  /** Print the chain of causes of a failure. */
  readonly isDebug: boolean;
  readonly now: () => number;
  /** The vault that DRYDOCK_VAULT names. */
  readonly vaultFolder?: string;
  /** The engine that a setting chooses: an address, `context:NAME`, or empty for the usual one. */
  connect(setting: string): Promise<Engine>;
  /** A registry by its host. Http to another machine has to be asked for. */
  connectRegistry(host: string, options: { readonly isPlainHttp: boolean }): Promise<RemoteRegistry>;
  readonly openEndpoint: OpenEndpoint;
}

/** Wider lines are hard to read. */
const helpColumns = 100;

/** Runs one command line and says what the process ends with. Never throws but for a broken standard output. */
export async function runCli(argv: readonly string[], host: CliHost): Promise<ExitCode> {
  // Known before parsing, so that a wrong command line is told in the form that was asked for.
  const options = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const isJson =
    options.includes('--json') ||
    options.some(
      (word, at) => word === '--format=json' || (word === '--format' && options[at + 1] === 'json'),
    );
  try {
    const { row, family, rest } = findCommand(argv);
    const width = Math.min(host.stdout.columns() ?? helpColumns, helpColumns);
    if (family !== undefined) {
      // Its options are not looked at: they belong to a command that was not named.
      if (!options.some((word) => word === '--help' || word === '-h')) throw halfACommand(family);
      return await print(host, familyHelp(await loadAll(family), width));
    }
    const command = await row?.load();
    const args = parseArguments(rest, command?.options ?? {});
    if (args.isSet('version')) return await print(host, [`drydock ${host.version}`]);
    if (args.isSet('help')) {
      return await print(
        host,
        command === undefined ? overview(await loadAll(commandTable), width) : commandHelp(command, width),
      );
    }
    if (command === undefined) throw usageFailure('No command was given. Try `drydock --help`.');
    requireWords(command, args);
    return await runCommand(command, args, host);
  } catch (error) {
    return fail(error, isJson, host);
  }
}

async function loadAll(rows: readonly CommandRow[]): Promise<readonly Command[]> {
  return Promise.all(rows.map(({ load }) => load()));
}

async function print(host: CliHost, lines: readonly string[]): Promise<ExitCode> {
  await host.stdout.write(asText(lines));
  return exitCodes.done;
}

function findCommand(argv: readonly string[]): {
  readonly row?: CommandRow;
  /** Those of which only the first word was given. */
  readonly family?: readonly CommandRow[];
  readonly rest: readonly string[];
} {
  const [first, second] = leadingWords(argv);
  if (first === undefined) return { rest: argv };
  for (const words of [second === undefined ? [first] : [first, second], [first]]) {
    const row = commandTable.find(({ name }) => name === words.map(({ value }) => value).join(' '));
    if (row === undefined) continue;
    return { row, rest: argv.filter((_, index) => !words.some((word) => word.index === index)) };
  }
  const family = commandTable.filter(({ name }) => name.startsWith(`${first.value} `));
  if (family.length === 0) {
    throw usageFailure(`There is no command "${first.value}". Try \`drydock --help\`.`);
  }
  return { family, rest: [] };
}

function halfACommand(family: readonly CommandRow[]): Error {
  const names = family.map(({ name }) => `\`${name}\``).join(' or ');
  return usageFailure(`\`drydock ${family[0]?.name.split(' ')[0] ?? ''}\` is ${names}.`);
}

function requireWords({ name, usage, takes }: Command, { words }: Arguments): void {
  if (words.length >= takes.least && words.length <= takes.most) return;
  const fault =
    words.length < takes.least ? 'An argument is missing' : `"${words[takes.most] ?? ''}" is too much`;
  throw usageFailure(`${fault}: drydock ${name} ${usage}`.trimEnd());
}

async function runCommand(command: Command, args: Arguments, host: CliHost): Promise<ExitCode> {
  const setting = engineSetting(args);
  const progress = progressFor(args, host);
  let engine: Promise<Engine> | undefined;
  const others = new Map<string, Promise<Engine>>();
  const registries = new Map<string, Promise<RemoteRegistry>>();
  const context: CommandContext = {
    engine: () => (engine ??= host.connect(setting)),
    otherEngine: (other) => {
      const known = others.get(other) ?? host.connect(other);
      others.set(other, known);
      return known;
    },
    registry: (name) => {
      const isPlainHttp = args.texts('plain-http').includes(name);
      const known = registries.get(name) ?? host.connectRegistry(name, { isPlainHttp });
      registries.set(name, known);
      return known;
    },
    openEndpoint: host.openEndpoint,
    operation: { signal: host.signal, progress },
    input: host.stdin,
    temporaryFolder: host.temporaryFolder,
    ...(host.cacheFolder === undefined ? {} : { cacheFolder: host.cacheFolder }),
    ...(host.dataFolder === undefined ? {} : { dataFolder: host.dataFolder }),
    ...(host.stateFolder === undefined ? {} : { stateFolder: host.stateFolder }),
    ...(host.reportFolder === undefined ? {} : { reportFolder: host.reportFolder }),
    now: () => host.now(),
    ...(host.vaultFolder === undefined ? {} : { vaultFolder: host.vaultFolder }),
  };
  try {
    let report: Report;
    try {
      report = await command.run(context, args);
    } finally {
      progress.end();
    }
    // Bytes of a report may come from the engine.
    await printReport(report, args, host);
    if (report.exitCode !== undefined || report.error === undefined) return report.exitCode ?? exitCodes.done;
    return tellFailure(report.error).exitCode;
  } finally {
    // An engine that could not be chosen has nothing to let go of; the command has told why.
    await (await engine?.catch(() => undefined))?.close();
    for (const other of others.values()) await (await other.catch(() => undefined))?.close();
    for (const registry of registries.values()) (await registry.catch(() => undefined))?.close();
  }
}

function engineSetting(args: Arguments): string {
  const [host, name] = [args.text('host'), args.text('context')];
  if (host !== undefined && name !== undefined) {
    throw usageFailure('--host and --context both choose an engine. Give one of them.');
  }
  for (const [option, value] of Object.entries({ host, context: name })) {
    if (value?.trim() === '')
      throw usageFailure(`--${option} needs a ${globalOptions[option]?.value ?? 'value'}.`);
  }
  if (host?.startsWith('context:') === true) throw usageFailure('--host takes an address; use --context.');
  return name === undefined ? (host ?? '') : `context:${name}`;
}

/** Progress is for people who watch: a terminal on standard error and no `--quiet`. */
function progressFor(args: Arguments, { stderr, now }: CliHost): ProgressPort & { end(): void } {
  if (stderr.columns() === undefined || args.isSet('quiet')) {
    return { report: () => undefined, end: () => undefined };
  }
  return new ProgressLine({
    // The work matters more than a line about it.
    write: (text) => void stderr.write(text).catch(() => undefined),
    columns: () => stderr.columns() ?? 80,
    now,
  });
}

async function printReport(report: Report, args: Arguments, host: CliHost): Promise<void> {
  const { stdout, stderr } = host;
  if (report.bytes !== undefined) {
    for await (const piece of report.bytes) if (!(await stdout.writeBytes(piece))) break;
  } else if (args.isSet('json') || args.text('format') === 'json') {
    await stdout.write(`${printableJson(documentOf(report))}\n`);
  } else if (args.isSet('quiet')) await stdout.write(asText(report.quiet));
  else {
    const markdown = args.text('format') === 'markdown' ? report.markdown?.() : undefined;
    await stdout.write(asText(markdown ?? report.text(stdout.columns())));
  }
  if (!args.isSet('quiet')) {
    await stderr.write(asText((report.notes ?? []).map((note) => `drydock: note: ${note}`)));
  }
  for (const { item, error } of report.failures ?? []) {
    const { message } = tellFailure(error);
    const subject = message.includes(basename(item)) ? '' : `${item}: `;
    await stderr.write(asText([`drydock: ${subject}${message}`]));
    await explain(error, host);
  }
  if (report.error === undefined) return;
  await stderr.write(asText([`drydock: ${tellFailure(report.error).message}`]));
  await explain(report.error, host);
}

function documentOf({ document, error }: Report): Report['document'] {
  return error === undefined ? document : { ...document, error: toldFailure(error) };
}

async function fail(error: unknown, isJson: boolean, host: CliHost): Promise<ExitCode> {
  const { exitCode, ...told } = tellFailure(error);
  await host.stderr.write(asText([`drydock: ${told.message}`]));
  await explain(error, host);
  if (isJson) await host.stdout.write(`${printableJson({ error: told })}\n`);
  return exitCode;
}

async function explain(error: unknown, { isDebug, stderr }: CliHost): Promise<void> {
  if (isDebug) await stderr.write(asText(inspect(error, { depth: 6 }).split('\n')));
}

/** Everything printed passes here: no name may steer the terminal. */
function asText(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}
