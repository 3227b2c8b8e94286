import { failure } from '../errors.ts';
import { ociIndexType } from '../oci/mediaTypes.ts';
import type { RemoteRepository } from '../registry/remoteRepository.ts';
import { registryVaultText } from '../registry/registryVaultName.ts';
import { annotationsOf } from '../snapshot/snapshotAnnotations.ts';
import { entryWith } from '../snapshot/snapshotOfDocument.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { sealed } from '../vault/entrySeal.ts';
import { vaultFormat, type Vault } from '../vault/layout.ts';
import { unwatched } from '../vault/vaultSteps.ts';
import { RegistryBlobs } from './registryBlobs.ts';
import { readRegistryList, type RegistryList } from './registryListing.ts';

/** A vault in a registry. Whatever reads vaults reads it; it is changed by copying into it and forgetting in it. */
export interface RegistryVault extends Vault {
  readonly repository: RemoteRepository;
  /** Its snapshots with their tags, as they are now. */
  list(cancel?: CancelOptions): Promise<RegistryList>;
}

/** Whether a vault lies in a registry. */
export function isInRegistry(vault: Vault & Partial<RegistryVault>): vault is RegistryVault {
  return vault.repository !== undefined;
}

/** The vault, where it lies in a registry. Throws otherwise: a bug of ours. */
export function requireInRegistry(vault: Vault): RegistryVault {
  if (isInRegistry(vault)) return vault;
  throw failure('unexpected', { reason: `${vault.paths.root} lies in no registry` });
}

/**
 * A repository of a registry as a vault. Nothing is asked before it is read, and nothing of it is kept afterwards.
 * Reading rejects as the calls of the repository do.
 */
export function registryVault(repository: RemoteRepository): RegistryVault {
  const name = registryVaultText(repository);
  const refuse = (): Promise<never> => Promise.reject(failure('vaultInRegistry', { path: name }));
  const blobs = new RegistryBlobs(name, repository, async (cancel) => {
    const { snapshots } = await list(cancel);
    return snapshots.map(({ snapshot }) => {
      return { mediaType: ociIndexType, digest: snapshot.id, sizeBytes: snapshot.sizeBytes };
    });
  });
  /** Who reads the list asks next what of it could not be read. */
  let last: RegistryList | undefined;
  const list = async (cancel: CancelOptions = {}): Promise<RegistryList> => {
    last = await readRegistryList(repository, blobs, cancel);
    return last;
  };
  return {
    paths: pathsOf(name),
    // Its ID stands for the place: there is no file that could tell another one.
    settings: { formatVersion: vaultFormat, id: name, compression: 'zstd', recipients: [], created: '' },
    access: 'read',
    blobs: {
      name,
      stat: (digest) => blobs.stat(digest),
      open: (digest, options) => blobs.open(digest, options),
      list: (cancel) => blobs.list(cancel),
      put: refuse,
      delete: refuse,
    },
    listing: {
      read: async (cancel) => {
        const { snapshots } = await list(cancel);
        const entries = snapshots.map(({ snapshot }) =>
          sealed(entryWith({ digest: snapshot.id, sizeBytes: snapshot.sizeBytes }, annotationsOf(snapshot))),
        );
        return { fields: { schemaVersion: 2, mediaType: ociIndexType }, entries };
      },
      faults: async (cancel) =>
        (last ?? (await list(cancel))).faults.map(({ tag, reason }) => ({ name: `${name}:${tag}`, reason })),
    },
    steps: unwatched,
    repository,
    list,
  };
}

/** There are no files: no call of a file system takes these names. */
function pathsOf(root: string): Vault['paths'] {
  const none = `${root}\0`;
  return {
    ...{ root, ociLayout: none, index: none, blobs: none },
    ...{ vaultFile: none, locks: none, journal: none, partial: none },
  };
}
