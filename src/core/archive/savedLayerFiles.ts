import { digestOf, hexOf, type Digest } from '../digest.ts';
import { chainIdsOf } from '../oci/chainIds.ts';
import { blobPath } from './archiveContents.ts';

/** What a layer without a history of its own has for a config in the archives of Docker before 25. */
const emptyConfig = {
  ...{ Hostname: '', Domainname: '', User: '', AttachStdin: false, AttachStdout: false, AttachStderr: false },
  ...{ Tty: false, OpenStdin: false, StdinOnce: false, Env: null, Cmd: null, Image: '', Volumes: null },
  ...{ WorkingDir: '', Entrypoint: null, OnBuild: null, Labels: null },
};

/**
 * Files of a classic engine's save that hold layers which another classic engine has, and so need not go there. Docker
 * since 25 names a layer's file by its diffID. Before, it is in a folder of a v1 ID: the digest of what v1 knew of the
 * layer, which is nothing but its chain and its parent, except for the topmost, whose ID nobody knows before. An engine
 * that makes these IDs otherwise has no such files, and then nothing is left out.
 *
 * One file may be a layer of several images on different chains: it is in the set where all of these are there.
 * Source: moby 20.10, image/tarexport/save.go and image/v1/imagev1.go.
 */
export function savedLayerFiles(
  images: readonly (readonly Digest[])[],
  hasChain: (chainId: Digest) => boolean,
): ReadonlySet<string> {
  const isThere = new Map<string, boolean>();
  const note = (path: string, there: boolean): void => {
    isThere.set(path, (isThere.get(path) ?? true) && there);
  };
  for (const diffIds of images) {
    let parent: Digest | undefined;
    for (const [place, chainId] of chainIdsOf(diffIds).entries()) {
      const there = hasChain(chainId);
      const diffId = diffIds[place];
      if (diffId !== undefined) note(blobPath(diffId), there);
      parent = v1Id(chainId, parent);
      if (place < diffIds.length - 1) note(`${hexOf(parent)}/layer.tar`, there);
    }
  }
  return new Set([...isThere].flatMap(([path, there]) => (there ? [path] : [])));
}

/** Keys in the order in which Go writes a map. */
function v1Id(chainId: Digest, parent: Digest | undefined): Digest {
  const known = { container_config: emptyConfig, created: '1970-01-01T00:00:00Z', layer_id: chainId };
  return digestOf(Buffer.from(JSON.stringify({ ...known, ...(parent !== undefined && { parent }) })));
}
