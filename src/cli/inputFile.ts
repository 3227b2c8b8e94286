import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { explainFileError } from '../core/files/fileErrors.ts';
import type { CommandContext } from './command.ts';
import { usageFailure } from './failures.ts';

/**
 * Gives `use` the path of a file to read. `-` is standard input: an archive is read more than once, so it is put
 * into a temporary file first, which is gone afterwards.
 */
export async function withInputFile<T>(
  context: CommandContext,
  name: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  if (name !== '-') return use(resolve(name));
  if (context.input.isTerminal) {
    throw usageFailure('Standard input is a terminal. Pipe an archive into it, or name a file.');
  }
  const { signal, progress } = context.operation;
  const folder = await mkdtemp(join(context.temporaryFolder, 'drydock-stdin-')).catch((error: unknown) => {
    throw explainFileError(error, context.temporaryFolder);
  });
  try {
    const path = join(folder, 'standard input');
    let doneBytes = 0;
    await pipeline(
      context.input.open(),
      async function* counted(bytes: AsyncIterable<Uint8Array>) {
        for await (const chunk of bytes) {
          doneBytes += chunk.length;
          progress.report({ phase: 'reading', item: 'standard input', doneBytes });
          yield chunk;
        }
      },
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
      { signal },
    ).catch((error: unknown) => {
      throw explainFileError(error, path);
    });
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
