/** One option of the command line. */
export interface Option {
  readonly help: string;
  readonly short?: string;
  /** The word for its value in `--help`; an option without it is a switch. */
  readonly value?: string;
  readonly isRepeatable?: boolean;
  /** An empty value means something, and not a variable of the shell that was not set. */
  readonly mayBeEmpty?: boolean;
  /** The only values it takes. */
  readonly choices?: readonly string[];
}

export type OptionTable = Readonly<Record<string, Option>>;

/** What every subcommand understands. */
export const globalOptions: OptionTable = {
  host: { short: 'H', value: 'ADDRESS', help: 'the engine’s address, as in DOCKER_HOST' },
  context: { short: 'c', value: 'NAME', help: 'a Docker context' },
  json: { help: 'print one JSON document' },
  quiet: { short: 'q', help: 'print only IDs, names or paths, and no progress' },
  help: { short: 'h', help: 'say how it is used' },
  version: { help: 'print the version' },
};

/** Of every command that talks to registries. */
export const registryOptions: OptionTable = {
  'plain-http': {
    value: 'HOST',
    isRepeatable: true,
    help: 'speak http, which anybody on the way can read, to this registry; may be given several times',
  },
};

/** Of every command that works on a vault. */
export const vaultOption: OptionTable = {
  vault: {
    value: 'VAULT',
    help: 'the vault, a folder or registry://HOST/REPOSITORY; without it, what DRYDOCK_VAULT says',
  },
  ...registryOptions,
};

/** Of commands whose report has a `markdown`. */
export const formatOption: OptionTable = {
  format: {
    value: 'KIND',
    choices: ['text', 'json', 'markdown'],
    help: 'what is printed; json is the same as --json',
  },
};

export const compressOption: OptionTable = {
  compress: {
    value: 'KIND',
    choices: ['none', 'gzip', 'zstd'],
    help: 'compression; without it, what the end of FILE’s name says (.gz, .tgz, .zst), else none',
  },
};

export const outputOptions: OptionTable = {
  output: { short: 'o', value: 'FILE', help: 'the file to write; it appears when it is whole and checked' },
  force: { help: 'replace FILE if it exists' },
};

export const changeOption: OptionTable = {
  change: {
    value: 'INSTRUCTION',
    isRepeatable: true,
    help: 'a Dockerfile instruction to apply, such as \'CMD ["sh"]\'; may be given several times',
  },
};

export const moveTagsOption: OptionTable = {
  'move-tags': { help: 'take names from images that have them now; those stay, with an ID only' },
};

/** Of commands that look into images. */
export const cacheOption: OptionTable = {
  'no-cache': { help: 'have the engine send the image, also when it is known, and keep nothing of it' },
};

/** Of commands that show the files of an image. */
export const layerOption: OptionTable = {
  layer: { value: 'NUMBER', help: 'what one layer of the image holds, counted from 0 as analyze does' },
};
