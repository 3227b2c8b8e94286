import { join } from 'node:path';
import * as z from 'zod';
import { failure } from '../core/errors.ts';
import { isRepositoryPath, isTag } from '../core/registry/remoteName.ts';
import type { RemoteRegistry, RemoteRepository } from '../core/registry/remoteRepository.ts';
import type { Surroundings } from '../docker/endpoint.ts';
import { headBlob, openBlob } from './blobs.ts';
import { registryCertificates } from './certificates.ts';
import { findLogIn } from './logIns.ts';
import { deleteManifest, getManifest, headManifest, scopeOf, type RepositoryCalls } from './manifests.ts';
import { pages } from './pages.ts';
import { proxiesOf, type ProxySettings } from './proxies.ts';
import { listReferrers, putReferring } from './referrers.ts';
import { registryAddress } from './registryAddress.ts';
import { RegistryClient } from './registryClient.ts';
import { realWait, type Wait } from './retry.ts';
import { putBlob } from './uploads.ts';

export interface RegistryOptions {
  /** Speak http to this host although it is not this machine. */
  readonly isPlainHttp?: boolean;
  /** Proxies instead of those of the environment. */
  readonly proxies?: ProxySettings;
  readonly wait?: Wait;
  readonly now?: () => number;
  /** Where certificates of registries lie, instead of where engines look for them. */
  readonly certificateFolders?: readonly string[];
}

const names = z.array(z.string().max(1000)).max(100_000).nullish();
const tagPage = z.looseObject({ tags: names });
const repositoryPage = z.looseObject({ repositories: names });
/** Registries may give fewer. */
const pageSize = 1000;

/** A registry by its host, with log-ins and certificates as the Docker CLI and engines have them. */
export function connectRegistry(
  around: Surroundings,
  host: string,
  {
    isPlainHttp = false,
    proxies = proxiesOf(around.env),
    wait = realWait,
    now = Date.now,
    certificateFolders,
  }: RegistryOptions = {},
): RemoteRegistry {
  const folders = certificateFolders ?? [
    ...(around.platform === 'win32' ? [] : ['/etc/docker/certs.d']),
    join(around.home, '.docker', 'certs.d'),
  ];
  const client = new RegistryClient({
    address: registryAddress(host),
    ...{ isPlainHttp, proxies, now, wait },
    findLogIn: (signal) => findLogIn(around, host, signal && { signal }),
    certificates: () => registryCertificates(folders, host),
  });
  return {
    host,
    repository: (path) => repository({ client, path }),
    async *repositories({ signal } = {}) {
      const call = {
        what: 'list its repositories',
        to: `_catalog?n=${pageSize}`,
        scopes: ['registry:catalog:*'],
      };
      for await (const page of pages(client, call, repositoryPage, signal)) {
        if (page === undefined)
          throw failure('registryRefused', { host, what: call.what, reason: 'it has no such list' });
        // What is no name would be a path to somewhere else.
        yield* (page.repositories ?? []).filter((name) => isRepositoryPath(name));
      }
    },
    close: () => {
      client.close();
    },
  };
}

function repository(on: RepositoryCalls): RemoteRepository {
  const { client, path } = on;
  const { host } = client.address;
  return {
    host,
    path,
    headManifest: (ref, cancel = {}) => headManifest(on, ref, cancel),
    getManifest: (ref, cancel = {}) => getManifest(on, ref, cancel),
    putManifest: (manifest, options = {}) => putReferring(on, manifest, options),
    deleteManifest: (ref, cancel = {}) => deleteManifest(on, ref, cancel),
    headBlob: (digest, cancel = {}) => headBlob(on, digest, cancel),
    openBlob: (blob, options = {}) => openBlob(on, blob, options),
    putBlob: (source, options = {}) => putBlob(on, source, options),
    async *tags({ signal } = {}) {
      const call = {
        what: `list the tags of ${path}`,
        to: `${path}/tags/list?n=${pageSize}`,
        scopes: [scopeOf(path, 'pull')],
      };
      for await (const page of pages(client, call, tagPage, signal)) {
        if (page === undefined) throw failure('registryMissing', { host, name: path });
        yield* (page.tags ?? []).filter((tag) => isTag(tag));
      }
    },
    referrers: (digest, cancel = {}) => listReferrers(on, digest, cancel),
  };
}
