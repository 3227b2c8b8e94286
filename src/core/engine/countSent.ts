import type { Engine } from './engine.ts';

/** An engine, and how many bytes of images, files and volumes went to it through here. */
interface CountedEngine {
  readonly engine: Engine;
  readonly sentBytes: () => number;
}

/** Counts what is sent to an engine as it goes, also of what is sent twice or breaks off. */
export function countSent(to: Engine): CountedEngine {
  let sentBytes = 0;
  async function* counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      sentBytes += chunk.length;
      yield chunk;
    }
  }
  const engine: Engine = {
    endpoint: to.endpoint,
    info: (options) => to.info(options),
    images: { ...to.images, load: (tar, options) => to.images.load(counted(tar), options) },
    containers: {
      ...to.containers,
      writeArchive: (ref, path, tar, options) => to.containers.writeArchive(ref, path, counted(tar), options),
    },
    volumes: {
      ...to.volumes,
      archives: async (options) => {
        const archives = await to.volumes.archives(options);
        return (
          archives && {
            read: (name, cancel) => archives.read(name, cancel),
            write: (name, tar, cancel) => archives.write(name, counted(tar), cancel),
          }
        );
      },
    },
    networks: to.networks,
    events: (signal) => to.events(signal),
    close: () => to.close(),
  };
  return { engine, sentBytes: () => sentBytes };
}
