import { readTar } from '../../src/core/archive/tarReader.ts';
import { tarEnd, tarHeader, tarPadding } from '../../src/core/archive/tarWriter.ts';
import type { Engine } from '../../src/core/engine/engine.ts';

/** The engine, behind a way on which large layers are lost while an archive is loaded. */
export function losingLargeFiles(engine: Engine): Engine {
  const { images } = engine;
  return {
    ...engine,
    images: { ...images, load: (tar, options) => images.load(withoutLargeFiles(tar), options) },
  };
}

/** The same tar without its files of more than a megabyte: what an engine gets when layers are lost on the way. */
async function* withoutLargeFiles(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const { entry, data } of readTar(tar, 'a test')) {
    const { path, sizeBytes } = entry;
    if (sizeBytes > 1 << 20) continue;
    yield tarHeader({ path, sizeBytes });
    yield* data;
    yield tarPadding(sizeBytes);
  }
  yield tarEnd;
}
