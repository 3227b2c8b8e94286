import type { TransportWish } from '../core/backup/transport.ts';
import type { Consistency } from '../core/backup/withConsistency.ts';
import type { Arguments } from './arguments.ts';
import { usageFailure } from './failures.ts';
import { vaultOption, type OptionTable } from './options.ts';

const modes = ['none', 'pause', 'stop'] as const satisfies readonly Consistency[];

/** Of every backup. */
export const backupOptions: OptionTable = {
  ...vaultOption,
  tag: {
    value: 'TAG',
    isRepeatable: true,
    help: 'a word to put on the snapshot; may be given several times',
  },
};

/** Of what running containers may write to. */
export const consistencyOption: OptionTable = {
  consistency: {
    value: 'MODE',
    choices: modes,
    help: 'what running containers do meanwhile: none (go on), pause, or stop; pause if not given',
  },
};

export const bindsOption: OptionTable = {
  'include-binds': { help: 'read folders of the engine’s host that are mounted, too' },
};

const transports = ['auto', 'stream', 'delta'] as const satisfies readonly TransportWish[];

/** Of backups that images belong to. */
export const transportOption: OptionTable = {
  transport: {
    value: 'KIND',
    choices: transports,
    help: 'how images come: stream (whole), delta (the engine pushes what the vault lacks), or auto, what is cheaper; auto if not given',
  },
};

export function chosenTransport(args: Arguments): { readonly transport: TransportWish } {
  return { transport: args.choice('transport', transports) ?? 'auto' };
}

/** What the help says about consistency. */
export const consistencyWords =
  'Containers that are paused or stopped go on as before whatever happens, also after a crash: the next command on the vault sees to it. Labels on a container name commands to run in it before and after, see docs/SCHEDULING.md.';

export function chosenConsistency(args: Arguments): Consistency {
  return args.choice('consistency', modes) ?? 'pause';
}

/** The tags that the snapshots get. Throws a usage failure for an empty one. */
export function chosenTags(args: Arguments): { readonly tags: readonly string[] } {
  const tags = args.texts('tag');
  if (tags.some((tag) => tag.trim() === '')) throw usageFailure('--tag needs a TAG.');
  return { tags: [...new Set(tags)] };
}

/** The names that were given, each once. */
export function eachOnce(words: readonly string[]): readonly string[] {
  return [...new Set(words)];
}
