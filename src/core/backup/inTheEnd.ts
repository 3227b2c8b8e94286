/** Does `last` after `work`, whatever came of it; if both fail, both are told, and `last` is what people read. */
export async function inTheEnd<T>(work: () => Promise<T>, last: () => Promise<void>): Promise<T> {
  let value: T;
  try {
    value = await work();
  } catch (error) {
    await last().catch((second: unknown) => {
      if (second instanceof Error) second.cause = new AggregateError([second.cause, error]);
      throw second;
    });
    throw error;
  }
  await last();
  return value;
}
