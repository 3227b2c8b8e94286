import type { TarEntry } from './tarHeader.ts';
import { defaultTarLimits, TarScanner } from './tarScanner.ts';
import type { TarEvent, TarLimits } from './tarScanner.ts';

/** One entry with its data, which is read at most once and before the next entry is asked for. */
export interface TarItem {
  readonly entry: TarEntry;
  readonly data: AsyncIterable<Uint8Array>;
}

/**
 * The entries of a tar, pulled one by one. Data that is not read is skipped. Reading to the end checks the end as
 * {@link TarScanner} does; `name` is what failures call the tar.
 */
export async function* readTar(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  limits: TarLimits = defaultTarLimits,
): AsyncGenerator<TarItem, void, undefined> {
  const events = eventsOf(bytes, new TarScanner(name, limits));
  let isOpen = false;
  const data = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    while (isOpen) {
      const next = await events.next();
      if (next.done === true || next.value.kind === 'entryEnd') isOpen = false;
      else if (next.value.kind === 'data') yield next.value.bytes;
    }
  };
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return;
      if (next.value.kind !== 'entry') continue;
      isOpen = true;
      yield { entry: next.value.entry, data: data() };
      isOpen = false;
    }
  } finally {
    await events.return();
  }
}

async function* eventsOf(
  bytes: AsyncIterable<Uint8Array>,
  scanner: TarScanner,
): AsyncGenerator<TarEvent, void, undefined> {
  for await (const chunk of bytes) yield* scanner.push(chunk);
  scanner.finish();
}
