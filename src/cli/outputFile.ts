import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compressionByName } from '../core/archive/compressionByName.ts';
import { failure } from '../core/errors.ts';
import { explainFileError, hasCode } from '../core/files/fileErrors.ts';
import type { Arguments } from './arguments.ts';
import { usageFailure } from './failures.ts';

const compressions = ['none', 'gzip', 'zstd'] as const;

export interface OutputFile {
  readonly path: string;
  readonly replace: boolean;
  readonly compression: (typeof compressions)[number];
}

/** Reads `-o`, `--force` and `--compress`, and refuses early what would fail only after a long write. */
export async function outputFile(args: Arguments): Promise<OutputFile> {
  const name = args.text('output');
  if (name === undefined || name === '') {
    throw usageFailure('Say where to write with -o FILE.');
  }
  if (name === '-') {
    throw usageFailure(
      '-o needs a file: what is written is read back, which standard output does not allow.',
    );
  }
  const path = resolve(name);
  const replace = args.isSet('force');
  const stats = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw explainFileError(error, path);
  });
  if (stats !== undefined && !stats.isFile()) {
    throw failure('fileUnusable', { path, reason: 'it is not a plain file' });
  }
  if (stats !== undefined && !replace) throw failure('fileExists', { path });
  return { path, replace, compression: args.choice('compress', compressions) ?? compressionByName(path) };
}
