import { readTar } from '../../src/core/archive/tarReader.ts';
import type { Digest } from '../../src/core/digest.ts';
import { digestOf } from '../../src/core/digest.ts';
import { failure } from '../../src/core/errors.ts';
import { chainIdsOf } from '../../src/core/oci/chainIds.ts';
import { diffIdsOf } from '../../src/core/oci/diffIds.ts';
import { parseDockerArchiveManifest, parseImageConfig } from '../../src/core/oci/manifest.ts';
import { collect } from './archives/byteStreams.ts';
import { sampleLayer, type SampleImage } from './archives/sampleImages.ts';

/**
 * The images of a tar from which layers were left out, as a classic engine takes them in: a layer whose chain it has
 * is not looked for, and one that is neither here nor there fails the load in the engine's own words.
 */
export async function imagesInPartialTar(
  bytes: Buffer,
  hasChain: (chainId: Digest) => boolean,
): Promise<readonly SampleImage[]> {
  const files = new Map<string, Buffer>();
  const source = (async function* () {
    yield await Promise.resolve(bytes);
  })();
  for await (const { entry, data } of readTar(source, 'load')) files.set(entry.path, await collect(data));
  const fileAt = (path: string): Buffer => {
    const found = files.get(path);
    if (found !== undefined) return found;
    const reason = `open /var/lib/docker/tmp/docker-import-1/${path}: no such file or directory`;
    throw failure('loadFailed', { reason });
  };
  return parseDockerArchiveManifest(fileAt('manifest.json'), 'manifest.json').map((item) => {
    const config = fileAt(item.configPath);
    const parsed = parseImageConfig(config, item.configPath);
    const diffIds = diffIdsOf(parsed);
    const chains = chainIdsOf(diffIds);
    for (const [at, path] of item.layerPaths.entries()) {
      const chain = chains[at];
      if (chain === undefined || !hasChain(chain)) fileAt(path);
    }
    const { os, architecture } = parsed;
    return {
      config,
      configDigest: digestOf(config),
      layers: diffIds.map(() => sampleLayer(0)),
      diffIds,
      tags: item.tags.map((tag) => tag.replace(/^docker\.io\/(library\/)?/, '')),
      platform: { os, architecture },
    };
  });
}
