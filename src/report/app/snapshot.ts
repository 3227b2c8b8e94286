/** The page of a snapshot: shows what the host sends, and asks it for folders as they are opened. */
import {
  parseToSnapshotPage,
  type FromSnapshotPage,
  type PageFile,
  type SnapshotPageKey,
} from '../snapshotProtocol.ts';
import { element } from './element.ts';
import { snapshotView, type ListedFiles } from './snapshotView.ts';

interface VsCodeApi {
  postMessage(message: FromSnapshotPage): void;
  setState(state: SnapshotPageKey): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

interface Waiting {
  readonly resolve: (listed: ListedFiles) => void;
  readonly reject: (error: Error) => void;
}

const vscode = acquireVsCodeApi();
const main = element('main');
document.body.append(main);

const waiting = new Map<number, Waiting>();
let lastRequest = 0;
let shown = '';

function list(root: string, path: string): Promise<ListedFiles> {
  lastRequest += 1;
  const request = lastRequest;
  return new Promise((resolve, reject) => {
    waiting.set(request, { resolve, reject });
    vscode.postMessage({ type: 'list', request, root, path });
  });
}

function act(type: 'open' | 'extract' | 'putBack', root: string, { path }: Pick<PageFile, 'path'>): void {
  vscode.postMessage({ type, root, path });
}

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseToSnapshotPage(event.data);
  if (message === undefined) return;
  if (message.type === 'show') {
    vscode.setState(message.key);
    document.documentElement.lang = message.language;
    const fresh = JSON.stringify([message.state, message.strings]);
    if (fresh === shown) return;
    shown = fresh;
    main.replaceChildren(
      snapshotView(message.state, {
        strings: message.strings,
        list,
        act,
        ask: (type) => {
          vscode.postMessage({ type });
        },
      }),
    );
    return;
  }
  const asked = waiting.get(message.request);
  waiting.delete(message.request);
  if (message.type === 'files') asked?.resolve(message);
  else asked?.reject(new Error(message.message));
});
vscode.postMessage({ type: 'ready' });
