import { DrydockError, failure, reasonOf } from '../core/errors.ts';

/**
 * For calls about two things, where a 404 tells only that one of them is missing: `probe` looks for the first, and
 * rejects with its own `engineNotFound`; when that is there, it is the second.
 */
export async function tellMissing<T>(
  work: Promise<T>,
  probe: () => Promise<unknown>,
  second: (cause: DrydockError) => DrydockError,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DrydockError) || error.code !== 'engineNotFound') throw error;
    await probe();
    throw second(error);
  }
}

/** What the engine itself said, where no better word is known. */
export function refusedInItsWords(call: string): (cause: DrydockError) => DrydockError {
  return (cause) => failure('engineRefused', { call, reason: reasonOf(cause.cause) }, cause);
}
