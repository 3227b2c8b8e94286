import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { StoredLayer } from '../snapshot/storedLayer.ts';
import { classicContent } from './capturedImageContent.ts';
import { PushedImages } from './pushedImages.ts';
import type { PushHeard, PushManner, PushMannerDeps } from './pushManner.ts';

/** The first pushes what the engine thinks is lacking, the second what is; a third is for what changed meanwhile. */
const mostRounds = 3;

/** Classic stores and Podman: images that are what their config says. They are pushed until every layer is there. */
export function pushUntilWhole(
  { engine, vault, known, layers }: PushMannerDeps,
  heard: PushHeard,
): PushManner {
  const sink = new PushedImages({ vault, known, layers }, heard);
  return {
    sink,
    async push({ details, name, tag, logIn }, { signal = new AbortController().signal }) {
      await sink.expect(details, { signal });
      for (let round = 1; ; round += 1) {
        await engine.images.push(name, logIn, { ref: details.id, signal });
        await layers.settle();
        const { manifest, config } = sink.pushed(tag, details);
        const found: StoredLayer[] = [];
        const lacking: Digest[] = [];
        for (const [place, diffId] of details.diffIds.entries()) {
          const layer = await sink.layerOf(diffId);
          const blob = manifest.layers?.[place]?.digest;
          if (layer !== undefined) found.push(layer);
          else if (blob !== undefined) lacking.push(blob);
        }
        if (found.length === details.diffIds.length)
          return await classicContent(vault.blobs, details, { config, layers: found }, { signal });
        if (round === mostRounds || lacking.length === 0)
          throw failure('archiveMissing', {
            name: 'what the engine pushed',
            missing: lacking[0] ?? 'a layer',
            by: details.tags[0] ?? details.id,
          });
        sink.refuse(lacking);
      }
    },
  };
}
