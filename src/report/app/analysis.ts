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

function stateView(
  state: AnalysisPageState,
  { title, strings }: { readonly title: string; readonly strings: AnalysisStrings },
): HTMLElement {
  switch (state.kind) {
    case 'loading':
      return element('div', { class: 'message', attributes: { role: 'status' } }, [
        element('div', { class: 'busy', attributes: { 'aria-hidden': 'true' } }),
        element('p', { text: strings.loading }),
      ]);
    case 'unread':
      return element('div', { class: 'message', attributes: { role: 'status' } }, [
        element('h1', { text: title }),
        element('p', { text: strings.unread }),
        asking('primary', strings.read, 'retry'),
      ]);
    case 'failed':
      return element('div', { class: 'message', attributes: { role: 'alert' } }, [
        element('h1', { text: strings.failedTitle }),
        element('p', { text: state.message }),
        asking('primary', strings.retry, 'retry'),
      ]);
    case 'ready':
      return analysisView(state.analysis, strings, {
        history: asking('secondary', strings.history, 'history'),
        contents: asking('secondary', strings.contents, 'contents'),
      });
  }
}

function asking(look: string, text: string, type: FromAnalysisPage['type']): HTMLButtonElement {
  const onClick = (): void => {
    ask(type);
  };
  return button({ class: look, text, onClick });
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
