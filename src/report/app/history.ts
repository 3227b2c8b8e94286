/** The history page: shows what the host sends, and asks it to copy and to try again. */
import {
  parseToWebview,
  parseViewState,
  type CopyTarget,
  type FromWebviewMessage,
  type ToWebviewMessage,
  type ViewState,
} from '../protocol.ts';
import { element } from './element.ts';
import { historyView } from './historyView.ts';

interface VsCodeApi {
  postMessage(message: FromWebviewMessage): void;
  getState(): unknown;
  setState(state: ViewState): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

type Shown = Extract<ToWebviewMessage, { type: 'show' }>;

const vscode = acquireVsCodeApi();
const main = element('main');
const said = element('div', { class: 'toast', attributes: { role: 'status' } });
document.body.append(main, said);

let view = parseViewState(vscode.getState());
let shownReport = '';
let lastRequest = 0;
let copiedWord = '';

function show({ imageId, title, language, strings, state }: Shown): void {
  // The engine's events bring the same report again and again; what is read must not jump for that.
  const fresh = JSON.stringify([language, state, strings]);
  if (fresh === shownReport) return;
  shownReport = fresh;
  copiedWord = strings.copied;
  document.documentElement.lang = language;
  let kept: ViewState =
    view?.imageId === imageId
      ? { ...view, title }
      : { imageId, title, filter: '', hideEmpty: false, sort: 'newest', expanded: [] };
  const keep = (change: Partial<ViewState>): void => {
    kept = { ...kept, ...change };
    view = kept;
    vscode.setState(kept);
  };
  keep({});
  const retry = (): void => {
    vscode.postMessage({ type: 'retry' });
  };
  const ask = (message: FromWebviewMessage): void => {
    vscode.postMessage(message);
  };
  main.replaceChildren(historyView(state, { strings, view: () => kept, keep, copy, retry, ask }));
}

function copy(target: CopyTarget): void {
  lastRequest += 1;
  vscode.postMessage({ type: 'copy', request: lastRequest, target });
}

/** Says it to the eye and to a screen reader; the same words twice are said twice. */
function say(text: string): void {
  said.replaceChildren(element('p', { text }));
}

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseToWebview(event.data);
  if (message === undefined) return;
  if (message.type === 'show') show(message);
  else if (message.request === lastRequest) say(message.error ?? copiedWord);
});
vscode.postMessage({ type: 'ready' });
