/** The page of an image's analysis: shows what the host sends, and asks it to read, to try again and for the history. */
import {
  parseToAnalysisPage,
  type AnalysisKey,
  type AnalysisPageState,
  type AnalysisStrings,
  type FromAnalysisPage,
} from '../analysisProtocol.ts';
import { analysisView } from './analysisView.ts';
import { button, element } from './element.ts';
import { busyView, messageView } from './messageViews.ts';

interface VsCodeApi {
  postMessage(message: FromAnalysisPage): void;
  setState(state: AnalysisKey): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const vscode = acquireVsCodeApi();
const main = element('main');
document.body.append(main);
let shown = '';

const ask = (type: FromAnalysisPage['type']): void => {
  vscode.postMessage({ type });
};

const retry = (): void => {
  ask('retry');
};

function stateView(
  state: AnalysisPageState,
  { title, strings }: { readonly title: string; readonly strings: AnalysisStrings },
): HTMLElement {
  switch (state.kind) {
    case 'loading':
      return busyView(strings.loading);
    case 'unread':
      return messageView({
        role: 'status',
        title,
        text: strings.unread,
        action: strings.read,
        onAction: retry,
      });
    case 'failed':
      return messageView({
        role: 'alert',
        title: strings.failedTitle,
        text: state.message,
        action: strings.retry,
        onAction: retry,
      });
    case 'ready':
      return analysisView(state.analysis, strings, {
        history: asking(strings.history, 'history'),
        contents: asking(strings.contents, 'contents'),
      });
  }
}

function asking(text: string, type: FromAnalysisPage['type']): HTMLButtonElement {
  const onClick = (): void => {
    ask(type);
  };
  return button({ class: 'secondary', text, onClick });
}

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseToAnalysisPage(event.data);
  if (message === undefined) return;
  vscode.setState(message.key);
  document.documentElement.lang = message.language;
  const fresh = JSON.stringify([message.state, message.strings]);
  if (fresh === shown) return;
  shown = fresh;
  main.replaceChildren(stateView(message.state, { title: message.key.title, strings: message.strings }));
});
ask('ready');
