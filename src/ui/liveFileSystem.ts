import * as vscode from 'vscode';
import { liveScheme } from '../contributions.ts';
import { DrydockError, failure } from '../core/errors.ts';
import type { LiveFile } from '../core/fileTrees/liveFiles.ts';
import { exactName, visibleName } from '../core/fileTrees/visibleName.ts';
import type { Operation } from '../core/progress.ts';
import type { LiveSources } from '../inside/liveSources.ts';
import type { LiveSource } from '../core/fileTrees/liveSource.ts';
import { ReadOnlyFileSystem } from './readOnlyFileSystem.ts';

/** A file of a container or a volume as it is now, or as the image of the container has it. */
export interface LivePlace {
  readonly source: LiveSource;
  readonly side: 'live' | 'image';
  readonly path: string;
}

/** The address of such a file. Its path is what tabs show: whose file it is, then the path. */
export function liveUri({ source, side, path }: LivePlace): vscode.Uri {
  return vscode.Uri.from({
    scheme: liveScheme,
    path: `/${visibleName(source.name)}/${visibleName(path)}`,
    query: new URLSearchParams({
      kind: source.kind,
      ...(source.kind === 'container' && { id: source.id }),
      name: source.name,
      ...(side === 'image' && { side }),
    }).toString(),
  });
}

/** The place that {@link liveUri} made an address of; undefined for any other address. */
export function livePlaceOf({ path, query }: Pick<vscode.Uri, 'path' | 'query'>): LivePlace | undefined {
  const parameters = new URLSearchParams(query);
  const name = parameters.get('name') ?? '';
  const id = parameters.get('id') ?? '';
  const kind = parameters.get('kind');
  const side = parameters.get('side') === 'image' ? 'image' : 'live';
  const below = { side, path: exactName(path.split('/').slice(2).join('/')) } as const;
  if (name === '') return undefined;
  if (kind === 'volume' && side === 'live') return { source: { kind, name }, ...below };
  return kind === 'container' && id !== '' ? { source: { kind, id, name }, ...below } : undefined;
}

/** Shows files of containers and volumes as read-only documents, anew whenever their source is looked at again. */
export class LiveFileSystem extends ReadOnlyFileSystem {
  readonly #renewed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  override readonly onDidChangeFile = this.#renewed.event;
  readonly #listening: { dispose(): void };

  constructor(live: LiveSources) {
    const at = async function* (uri: vscode.Uri, signal: AbortSignal): AsyncGenerator<LiveFile> {
      const place = livePlaceOf(uri);
      if (place === undefined) throw failure('pathMissing', { path: uri.path, name: uri.scheme });
      const { source, side, path } = place;
      if (side === 'live') yield* live.read(source, path, { signal });
      else if (source.kind === 'container') yield* live.readOfImage(source, path, { signal });
    };
    super({
      async stat(uri) {
        const missing = (cause?: unknown): Error =>
          failure('pathMissing', { path: uri.path, name: uri.scheme }, cause);
        try {
          for await (const { sizeBytes, mtime } of at(uri, new AbortController().signal))
            return { type: 'file', sizeBytes, mtime };
        } catch (error) {
          throw error instanceof DrydockError && error.code === 'fileChanged' ? missing(error) : error;
        }
        throw missing();
      },
      list: () => Promise.reject(vscode.FileSystemError.NoPermissions()),
      read: (uri, operation) => Promise.resolve(bytesOf(uri, operation)),
      refusal: vscode.l10n.t('Files of containers and volumes are shown read-only.'),
    });
    async function* bytesOf(uri: vscode.Uri, operation: Operation): AsyncGenerator<Uint8Array> {
      for await (const { data, sizeBytes } of at(uri, operation.signal)) {
        let doneBytes = 0;
        for await (const piece of data) {
          doneBytes += piece.length;
          operation.progress.report({ phase: 'reading', item: uri.path, doneBytes, totalBytes: sizeBytes });
          yield piece;
        }
      }
    }
    this.#listening = live.onDidRefresh(() => {
      const open = vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === liveScheme);
      this.#renewed.fire(open.map(({ uri }) => ({ type: vscode.FileChangeType.Changed, uri })));
    });
  }

  override dispose(): void {
    this.#listening.dispose();
    this.#renewed.dispose();
    super.dispose();
  }
}
