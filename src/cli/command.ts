import type { Readable } from 'node:stream';
import type { Engine } from '../core/engine/engine.ts';
import type { Operation } from '../core/progress.ts';
import type { OpenEndpoint } from '../core/registry/endpoint.ts';
import type { RemoteRegistry } from '../core/registry/remoteRepository.ts';
import type { Arguments } from './arguments.ts';
import type { ExitCode } from './exitCode.ts';
import type { OptionTable } from './options.ts';

/** What a subcommand is given. */
export interface CommandContext {
  /** The chosen engine, connected on first use: reading an archive needs none. */
  readonly engine: () => Promise<Engine>;
  /** Another engine than the chosen one, by an address or `context:NAME`. */
  readonly otherEngine: (setting: string) => Promise<Engine>;
  /** A registry by its host; the same one each time. */
  readonly registry: (host: string) => Promise<RemoteRegistry>;
  /** Opens a registry of our own on loopback. */
  readonly openEndpoint: OpenEndpoint;
  readonly operation: Operation;
  readonly input: Input;
  /** Where a spooled standard input may lie for a while. */
  readonly temporaryFolder: string;
  /** Where lists of what is in layers are kept; without it, nowhere. */
  readonly cacheFolder?: string;
  /** Where vaults of this machine lie that restores out of registries work in; without it, nowhere. */
  readonly dataFolder?: string;
  /** Where it is noted what a killed process would leave on engines; without it, nowhere. */
  readonly stateFolder?: string;
  /** Where the program of exported pages lies. */
  readonly reportFolder?: string;
  readonly now: () => number;
  /** What DRYDOCK_VAULT says; `--vault` goes before it. */
  readonly vaultFolder?: string;
}

/** Standard input; opened only by who asks for `-`. */
export interface Input {
  readonly isTerminal: boolean;
  open(): Readable;
}

/** What a subcommand found or did, in every form in which it can be printed. */
export interface Report {
  /** The whole of `--json`. Sizes are in bytes, times are ISO 8601. */
  readonly document: Readonly<Record<string, unknown>>;
  /** For people; `columns` is the terminal's width, absent when the output goes elsewhere. */
  text(columns?: number): readonly string[];
  /** `--format markdown`, of commands that have `formatOption`. */
  markdown?(): readonly string[];
  /** `--quiet`: what a script would go on with, IDs, names or paths, one a line. */
  readonly quiet: readonly string[];
  /** Sentences for standard error: remarks that do no harm. */
  readonly notes?: readonly string[];
  /** What failed among several things, to be told on standard error. */
  readonly failures?: readonly { readonly item: string; readonly error: unknown }[];
  /** What was found to be wrong: told on standard error and in the document, and 1 at the end. */
  readonly error?: Error;
  readonly exitCode?: ExitCode;
  /** Goes to standard output in the place of any text, byte for byte; read to its end or until nobody listens. */
  readonly bytes?: AsyncIterable<Uint8Array>;
}

export interface Command {
  /** As it is typed; `archive show` has two words. */
  readonly name: string;
  readonly summary: string;
  /** What follows the name, for example `IMAGE… -o FILE`. */
  readonly usage: string;
  /** Paragraphs for `--help`. */
  readonly details?: readonly string[];
  /** How many arguments it takes. */
  readonly takes: { readonly least: number; readonly most: number };
  readonly options: OptionTable;
  run(context: CommandContext, args: Arguments): Promise<Report>;
}
