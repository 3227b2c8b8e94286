import { failure } from '../errors.ts';
import type { Platform } from '../engine/records.ts';
import type { Operation } from '../progress.ts';
import type { RemoteRepository } from '../registry/remoteRepository.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { snapshotIn } from './parcel.ts';
import { pullImage, type PulledImage } from './pullImage.ts';
import { pullSnapshot, type PulledSnapshot } from './pullSnapshot.ts';

export type Pulled =
  ({ readonly kind: 'snapshot' } & PulledSnapshot) | ({ readonly kind: 'image' } & PulledImage);

/**
 * Pulls what a tag or a digest stands for into a vault: a snapshot under the ID that it had, an image as a snapshot of
 * its own. Rejects as {@link pullSnapshot} and {@link pullImage} do.
 */
export async function pull(
  deps: { readonly from: RemoteRepository; readonly to: Vault; readonly owner: ProcessIdentity },
  { ref, platforms }: { readonly ref: string; readonly platforms?: readonly Platform[] | undefined },
  operation: Operation,
): Promise<Pulled> {
  const { host, path } = deps.from;
  const top = await deps.from.getManifest(ref, { signal: operation.signal });
  if (top === undefined) throw failure('registryMissing', { host, name: `${path}:${ref}` });
  if (snapshotIn(top, `${host}/${path}@${top.digest}`) === undefined)
    return { kind: 'image', ...(await pullImage(deps, { ref, top, platforms }, operation)) };
  return { kind: 'snapshot', ...(await pullSnapshot(deps, { ref: top.digest, top }, operation)) };
}
