/** The beginning of a stream, looked at before the rest is taken. */
export interface Started {
  /** The first bytes, at least as many as were wanted unless there are fewer. */
  readonly start: Promise<Uint8Array>;
  /** All bytes from the first on. */
  readonly all: AsyncIterable<Uint8Array>;
  /** Lets go of the rest. */
  leave(): Promise<void>;
}

/** Looks at the start of a stream and still gives the whole of it. */
export function startedWith(bytes: AsyncIterable<Uint8Array>, wantedBytes: number): Started {
  const source = bytes[Symbol.asyncIterator]();
  const leave = async (): Promise<void> => {
    await source.return?.();
  };
  const read = async (): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for (let sizeBytes = 0; sizeBytes < wantedBytes;) {
      const next = await source.next();
      if (next.done === true) break;
      chunks.push(next.value);
      sizeBytes += next.value.length;
    }
    return Buffer.concat(chunks);
  };
  const start = read();
  const all = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield await start;
      for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
    } finally {
      await leave();
    }
  };
  return { start, all: all(), leave };
}
