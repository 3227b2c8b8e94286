import { DrydockError } from '../../src/core/errors.ts';

/** The failure that `work` ends in; throws when it succeeds, or ends in something that is not ours. */
export async function failureOf(work: Promise<unknown>): Promise<DrydockError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof DrydockError) return error;
    throw error;
  }
  throw new Error('it was expected to fail, and did not');
}
