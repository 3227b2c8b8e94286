import { digestOf, type Digest } from '../digest.ts';

/**
 * The chainID of each layer, bottom first: what names a layer together with all those below it. Engines keep a layer
 * once for each of these. Source: image-spec v1.1 config.md, "Layer ChainID".
 */
export function chainIdsOf(diffIds: readonly Digest[]): readonly Digest[] {
  const chainIds: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chainIds.at(-1);
    chainIds.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chainIds;
}
