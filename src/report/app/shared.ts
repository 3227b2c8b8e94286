/** The page of shared layers: shows what the host sends, and asks it to try again. */
import {
  parseSharedViewState,
  parseToSharedPage,
  type FromSharedPage,
  type SharedPageState,
  type SharedStrings,
  type SharedViewState,
} from '../sharedProtocol.ts';
import { element } from './element.ts';
import { busyView, messageView, type MessageViewInput } from './messageViews.ts';
import { sharedView } from './sharedView.ts';

interface VsCodeApi {
  postMessage(message: FromSharedPage): void;
  getState(): unknown;
  setState(state: SharedViewState): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const vscode = acquireVsCodeApi();
const main = element('main');
document.body.append(main);
let view = parseSharedViewState(vscode.getState());
let shown = '';

function stateView(state: SharedPageState, strings: SharedStrings): HTMLElement {
  switch (state.kind) {
    case 'loading':
      return busyView(strings.loading);
    case 'failed':
      return message({ role: 'alert', title: strings.failedTitle, text: state.message }, strings);
    case 'ready':
      return state.sharing.images.length === 0
        ? message({ role: 'status', title: strings.title, text: strings.empty }, strings)
        : sharedView(state.sharing, strings, {
            sort: view.sort,
            onSort: (sort) => {
              view = { sort };
              vscode.setState(view);
            },
          });
  }
}

function message(
  given: Pick<MessageViewInput, 'role' | 'title' | 'text'>,
  { retry }: SharedStrings,
): HTMLElement {
  const onAction = (): void => {
    vscode.postMessage({ type: 'retry' });
  };
  return messageView({ ...given, action: retry, onAction });
}

/** The picture is drawn anew when images come and go; who was at a layer stays there. */
function show(state: SharedPageState, strings: SharedStrings): void {
  const focused = document.activeElement;
  const key = focused instanceof HTMLElement ? focused.dataset['key'] : undefined;
  main.replaceChildren(stateView(state, strings));
  if (key === undefined) return;
  main.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const told = parseToSharedPage(event.data);
  if (told === undefined) return;
  vscode.setState(view);
  document.documentElement.lang = told.language;
  const fresh = JSON.stringify([told.state, told.strings]);
  if (fresh === shown) return;
  shown = fresh;
  show(told.state, told.strings);
});
vscode.postMessage({ type: 'ready' });
