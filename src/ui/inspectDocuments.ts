import * as vscode from 'vscode';
import { inspectScheme } from '../contributions.ts';
import { shortDigest } from '../core/digest.ts';
import type { Engine } from '../core/engine/engine.ts';
import { failure } from '../core/errors.ts';
import type { DrydockNode } from '../views/node.ts';

/** The address of the document that shows a node's JSON; undefined for nodes that the engine knows nothing of. */
export function inspectUri(node: DrydockNode): vscode.Uri | undefined {
  switch (node.kind) {
    case 'image':
      return documentUri('image', node.id, node.tag ?? shortDigest(node.id));
    case 'layer':
      return documentUri('image', node.imageId, node.tag ?? shortDigest(node.imageId));
    case 'container':
      return documentUri('container', node.id, node.name);
    case 'volume':
      return documentUri('volume', node.name, node.name);
    case 'repository':
    case 'project':
    case 'file':
    case 'more':
    case 'liveFiles':
    case 'changes':
    case 'liveFile':
    case 'detail':
    case 'message':
    case 'vault':
    case 'source':
    case 'snapshot':
    case 'registry':
    case 'remoteRepository':
    case 'remoteTag':
    case 'remoteFact':
    case 'remoteMore':
      return undefined;
  }
}

/** The path is what the tab shows; the query says what to ask the engine for. */
function documentUri(kind: string, ref: string, name: string): vscode.Uri {
  const path = `/${name.replace(/[^\w.:-]+/g, '_')}.${kind}.json`;
  return vscode.Uri.from({
    scheme: inspectScheme,
    path,
    query: new URLSearchParams({ kind, ref }).toString(),
  });
}

/** Shows inspect documents. Their text is asked from the engine each time one is shown, also when it is open. */
export class InspectDocuments implements vscode.TextDocumentContentProvider {
  readonly #engine: () => Engine;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  /** Texts that were fetched for documents which VS Code is about to ask for. */
  readonly #fetched = new Map<string, string>();

  constructor(engine: () => Engine) {
    this.#engine = engine;
  }

  /** Fetches first, since a failure of `provideTextDocumentContent` reaches the caller without its sentence. */
  async show(uri: vscode.Uri, options: vscode.TextDocumentShowOptions): Promise<void> {
    const key = uri.toString();
    this.#fetched.set(key, await this.#text(uri, new AbortController().signal));
    const isOpen = vscode.workspace.textDocuments.some((document) => document.uri.toString() === key);
    if (isOpen) this.#changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), options);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const fetched = this.#fetched.get(uri.toString());
    this.#fetched.delete(uri.toString());
    if (fetched !== undefined) return fetched;
    const controller = new AbortController();
    const subscription = token.onCancellationRequested(() => {
      controller.abort();
    });
    try {
      return await this.#text(uri, controller.signal);
    } finally {
      subscription.dispose();
    }
  }

  async #text(uri: vscode.Uri, signal: AbortSignal): Promise<string> {
    const query = new URLSearchParams(uri.query);
    const raw = await this.#ask(query.get('kind') ?? '', query.get('ref') ?? '', signal);
    return `${JSON.stringify(raw, null, 2)}\n`;
  }

  async #ask(kind: string, ref: string, signal: AbortSignal): Promise<unknown> {
    const engine = this.#engine();
    switch (kind) {
      case 'image':
        return (await engine.images.inspect(ref, { signal })).raw;
      case 'container':
        return (await engine.containers.inspect(ref, { signal })).raw;
      case 'volume':
        return (await engine.volumes.inspect(ref, { signal })).raw;
      default:
        throw failure('engineNotFound', { kind, name: ref });
    }
  }
}
