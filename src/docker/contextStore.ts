import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { failure, reasonOf } from '../core/errors.ts';
import { configFolder, readSmallFile, variable } from './configFiles.ts';
import type { Surroundings, TlsMaterial } from './endpoint.ts';
import { withoutSecrets } from './parseAddress.ts';
import { tlsFolder } from './tlsFiles.ts';

/** A Docker context that can be connected to. */
export interface DockerContext {
  readonly name: string;
  readonly host: string;
  readonly tls?: TlsMaterial;
}

/** One row of a picker. `problem` says why a context can't be chosen. */
export interface ContextListing {
  readonly name: string;
  readonly description: string;
  /** Empty for `default`, whose endpoint depends on the environment. */
  readonly host: string;
  readonly isCurrent: boolean;
  readonly problem?: string;
}

const configJson = z.object({ currentContext: z.string().max(1000).nullish() });

const metaJson = z.object({
  Name: z.string().min(1).max(1000),
  Metadata: z
    .object({ Description: z.string().max(10_000).nullish() })
    .nullish()
    .catch(null),
  Endpoints: z.record(
    z.string(),
    z.object({ Host: z.string().max(10_000).nullish(), SkipTLSVerify: z.boolean().nullish() }),
  ),
});

/** More contexts than anyone keeps; a guard against a folder that is something else. */
const mostContexts = 1000;

/** The name that `docker context use` chose; `default` when none was, or when there is no configuration. */
export async function currentContextName(around: Surroundings): Promise<string> {
  const path = join(configFolder(around), 'config.json');
  const text = await readSmallFile(path);
  if (text === undefined) return 'default';
  try {
    const name = configJson.parse(JSON.parse(text)).currentContext ?? '';
    return name === '' ? 'default' : name;
  } catch (error) {
    throw failure('badJson', { where: path, reason: reasonOf(error) }, error);
  }
}

/** Reads one context with its TLS files. */
export async function readContext(around: Surroundings, name: string): Promise<DockerContext> {
  const id = contextId(name);
  const folder = join(configFolder(around), 'contexts');
  const text = await readSmallFile(join(folder, 'meta', id, 'meta.json'));
  if (text === undefined) throw failure('contextUnknown', { name });
  const docker = parseMeta(text, name).Endpoints['docker'];
  if (!docker?.Host) throw failure('contextBroken', { name, reason: 'it names no docker endpoint' });

  const skipVerify = docker.SkipTLSVerify ?? false;
  const tls = await tlsFolder(join(folder, 'tls', id, 'docker'), skipVerify);
  const hasTls = tls.ca !== undefined || tls.cert !== undefined || skipVerify;
  return { name, host: docker.Host, ...(hasTls ? { tls } : {}) };
}

/** Every context of the CLI, `default` first, then by name. A broken one is listed with its problem. */
export async function listContexts(around: Surroundings): Promise<readonly ContextListing[]> {
  const current = variable(around, 'DOCKER_HOST')
    ? 'default'
    : (variable(around, 'DOCKER_CONTEXT') ?? (await currentContextName(around)));
  const metaFolder = join(configFolder(around), 'contexts', 'meta');
  const listings = await Promise.all(
    (await subfolders(metaFolder)).map((id) => describeContext(metaFolder, id, current)),
  );
  const first = { name: 'default', description: '', host: '', isCurrent: current === 'default' };
  return [first, ...listings.filter((row) => row !== undefined).sort((a, b) => a.name.localeCompare(b.name))];
}

async function describeContext(
  metaFolder: string,
  id: string,
  current: string,
): Promise<ContextListing | undefined> {
  const path = join(metaFolder, id, 'meta.json');
  try {
    const text = await readSmallFile(path);
    if (text === undefined) return undefined;
    const meta = parseMeta(text, id);
    const host = meta.Endpoints['docker']?.Host ?? '';
    return {
      name: meta.Name,
      description: meta.Metadata?.Description ?? '',
      host: withoutSecrets(host),
      isCurrent: meta.Name === current,
      ...(host === '' ? { problem: 'it names no docker endpoint' } : {}),
    };
  } catch (error) {
    return { name: id.slice(0, 12), description: '', host: '', isCurrent: false, problem: reasonOf(error) };
  }
}

function parseMeta(text: string, name: string): z.infer<typeof metaJson> {
  try {
    return metaJson.parse(JSON.parse(text));
  } catch (error) {
    throw failure('contextBroken', { name, reason: `its meta.json can’t be read` }, error);
  }
}

async function subfolders(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .slice(0, mostContexts);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw failure('fileUnusable', { path: folder, reason: reasonOf(error) }, error);
  }
}

/** The CLI names a context's folders by the hash of its name, so any name is a safe path. */
function contextId(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}
