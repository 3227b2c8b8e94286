/**
 * What a test needs of an engine and our own port does not give: raw calls over its API, tars made in memory, an
 * image that runs (a static-enough `sleep` of this machine), containers and volumes with the tests' label.
 *
 *     const host = engineHost('unix:///…');
 *     await host.createContainer({ Image: id });
 *     await host.removeLabelled();      // everything that carries the label, and nothing else
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';
import { z } from 'zod';
import { testLabel } from './engine.ts';

export interface EngineHost {
  /** A raw call; rejects when the status is not one of success. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Creates a labelled container and resolves with its ID. */
  createContainer(config: object, name?: string): Promise<string>;
  /** Creates a labelled volume. */
  createVolume(name: string): Promise<void>;
  /** Builds a labelled image from a tar with a Dockerfile by the classic builder. */
  build(context: Uint8Array, tag: string): Promise<void>;
  removeLabelled(): Promise<void>;
}

/** Talks to the engine that listens on a unix socket, given as in DOCKER_HOST. */
export function engineHost(address: string): EngineHost {
  if (!address.startsWith('unix://'))
    throw new Error(`Tests reach engines by unix sockets, not by ${address}`);
  const socketPath = address.slice('unix://'.length);
  const labels = { [testLabel]: '1' };
  const filters = encodeURIComponent(JSON.stringify({ label: [`${testLabel}=1`] }));

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const isTar = body instanceof Uint8Array;
    const bytes = body === undefined ? undefined : isTar ? body : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const headers = bytes && { 'Content-Type': isTar ? 'application/x-tar' : 'application/json' };
      const request = httpRequest(
        { socketPath, method, path, agent: false, headers: headers ?? {} },
        (response) => {
          buffer(response).then((answer) => {
            const text = answer.toString('utf8');
            const isGood = (response.statusCode ?? 500) < 400;
            if (isGood) resolve(parseAnswer(text));
            else reject(new Error(`${method} ${path}: ${response.statusCode ?? 0} ${text.trim()}`));
          }, reject);
        },
      );
      request.on('error', reject);
      request.end(bytes);
    });
  }

  /** Children go before their parents, in as many rounds as it takes. */
  async function removeImages(ids: readonly string[]): Promise<void> {
    const left: string[] = [];
    let reason: unknown;
    for (const id of ids) {
      await call('DELETE', `/images/${id}?force=true`).catch((error: unknown) => {
        if (String(error).includes(': 404 ')) return;
        reason = error;
        left.push(id);
      });
    }
    if (left.length === ids.length && reason instanceof Error) throw reason;
    if (left.length > 0) await removeImages(left);
  }

  return {
    call,
    async createContainer(config, name) {
      const query = name === undefined ? '' : `?name=${name}`;
      const HostConfig = {
        NetworkMode: 'none',
        ...('HostConfig' in config ? (config.HostConfig as object) : {}),
      };
      const body = { ...config, HostConfig, Labels: labels };
      return z.object({ Id: z.string() }).parse(await call('POST', `/containers/create${query}`, body)).Id;
    },
    async createVolume(name) {
      await call('POST', '/volumes/create', { Name: name, Labels: labels });
    },
    async build(context, tag) {
      const query = new URLSearchParams({
        t: tag,
        labels: JSON.stringify(labels),
        networkmode: 'host',
        rm: '1',
      });
      const said = await call('POST', `/build?${query.toString()}`, context);
      if (typeof said === 'string' && said.includes('"errorDetail"')) throw new Error(said);
    },
    async removeLabelled() {
      const list = async (path: string): Promise<readonly string[]> =>
        z
          .array(z.object({ Id: z.string() }))
          .parse(await call('GET', path))
          .map((row) => row.Id);
      for (const id of await list(`/containers/json?all=true&filters=${filters}`)) {
        await call('DELETE', `/containers/${id}?force=true&v=true`);
      }
      await removeImages(await list(`/images/json?filters=${filters}`));
      const volumes = z
        .object({ Volumes: z.array(z.object({ Name: z.string() })).nullish() })
        .parse(await call('GET', `/volumes?filters=${filters}`));
      for (const { Name } of volumes.Volumes ?? []) await call('DELETE', `/volumes/${Name}?force=true`);
    },
  };
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Several JSON lines, or nothing at all.
    return text;
  }
}

export interface TarFile {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly mode?: number;
}

/** A tar of a few files, the same bytes each time. */
export async function tarOf(files: readonly TarFile[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { name, content = '', mode } of files) {
    const type = name.endsWith('/') ? 'directory' : 'file';
    const usualMode = type === 'directory' ? 0o755 : 0o644;
    pack.entry(
      { name, type, mode: mode ?? usualMode, mtime: new Date(1_700_000_000_000) },
      Buffer.from(content),
    );
  }
  pack.finalize();
  return buffer(pack);
}

/** The names and contents of a tar's files, read by a library that is not ours. */
export async function filesIn(bytes: Uint8Array): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const extract = tar.extract();
  extract.on('entry', (header, stream, next) => {
    buffer(stream).then((content) => {
      files.set(header.name, content);
      next();
    }, next);
  });
  await new Promise<void>((resolve, reject) => {
    extract.on('finish', resolve);
    extract.on('error', reject);
    extract.end(bytes);
  });
  return files;
}

/** The root file system of an image that can run `/bin/sleep`: this machine's own, with its libraries. */
export async function sleepingRootfs(): Promise<Buffer> {
  const sleep = realpathSync('/bin/sleep');
  const libraries = execFileSync('ldd', [sleep], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  return tarOf([
    { name: 'bin/sleep', content: readFileSync(sleep), mode: 0o755 },
    ...libraries.map((path) => ({ name: path.slice(1), content: readFileSync(path), mode: 0o755 })),
  ]);
}
