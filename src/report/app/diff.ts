/** The diff page: in VS Code it shows what the host sends, in a file of its own what the file holds. */
import { parseDiffFileHead, parseWireRows } from '../../core/diff/diffPageData.ts';
import { visibleName } from '../../core/fileTrees/visibleName.ts';
import {
  parseDiffViewState,
  parseToDiffPage,
  type DiffPageState,
  type DiffViewState,
  type FromDiffPage,
  type ToDiffPage,
} from '../diffProtocol.ts';
import { rowsOf, type ChangeRow } from './changeRows.ts';
import type { DiffActions, DiffContext } from './diffContext.ts';
import { DiffView } from './diffView.ts';
import { element, fill } from './element.ts';
import { busyView, messageView } from './messageViews.ts';
import { Turns } from './turns.ts';

interface VsCodeApi {
  postMessage(message: FromDiffPage): void;
  getState(): unknown;
  setState(state: DiffViewState): void;
}
declare const acquireVsCodeApi: (() => VsCodeApi) | undefined;

type Shown = Extract<ToDiffPage, { type: 'show' }>;
type Ready = Extract<DiffPageState, { kind: 'ready' }>;

const main = element('main');
const said = element('div', { class: 'toast', attributes: { role: 'status' } });
document.body.append(main, said);

const newView = (key: string): DiffViewState => ({
  key,
  tab: 'files',
  arrangement: 'tree',
  query: '',
  kinds: [],
  sort: { column: 'path', isDescending: false },
});

function inHost(vscode: VsCodeApi): void {
  let kept = parseDiffViewState(vscode.getState());
  let shown = '';
  let reading: { readonly view: DiffView; readonly generation: number; rows: ChangeRow[] } | undefined;
  let all = 0;
  let copiedWord = '';

  const ask = (generation: number, start: number): void => {
    vscode.postMessage({ type: 'rows', generation, start });
  };
  const showReady = ({ generation, head }: Ready, { key, language, strings }: Shown): void => {
    const view = (): DiffViewState => kept ?? newView(key);
    const keep = (change: Partial<DiffViewState>): void => {
      kept = { ...view(), ...change };
      vscode.setState(kept);
    };
    const actions = hostActions(vscode, generation);
    const page = new DiffView({ head, strings, language, actions, view, keep });
    main.replaceChildren(page.element);
    reading = { view: page, generation, rows: [] };
    all = head.rowCount;
    if (all === 0) page.showRows([]);
    else ask(generation, 0);
  };
  const show = (message: Shown): void => {
    const { key, language, strings, state } = message;
    const fresh = JSON.stringify([language, state]);
    kept = kept?.key === key ? kept : { ...(kept ?? newView(key)), key };
    vscode.setState(kept);
    if (fresh === shown) return;
    shown = fresh;
    copiedWord = strings.copied;
    document.documentElement.lang = language;
    reading = undefined;
    if (state.kind === 'ready') showReady(state, message);
    else
      main.replaceChildren(
        waitingView(state, message, () => {
          vscode.postMessage({ type: 'retry' });
        }),
      );
  };

  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    const message = parseToDiffPage(event.data);
    if (message === undefined) return;
    if (message.type === 'show') show(message);
    else if (message.type === 'copied') said.replaceChildren(element('p', { text: copiedWord }));
    else if (reading?.generation === message.generation && message.start === reading.rows.length) {
      for (const row of rowsOf(message.rows, message.start)) reading.rows.push(row);
      reading.view.showReading(reading.rows.length);
      if (reading.rows.length < all && message.rows.length > 0) ask(message.generation, reading.rows.length);
      else reading.view.showRows(reading.rows);
    }
  });
  vscode.postMessage({ type: 'ready' });
}

function hostActions(vscode: VsCodeApi, generation: number): DiffActions {
  return {
    strictness: (strictness) => {
      vscode.postMessage({ type: 'strictness', strictness });
    },
    swap: () => {
      vscode.postMessage({ type: 'swap' });
    },
    export: () => {
      vscode.postMessage({ type: 'export' });
    },
    compare: ({ index }) => {
      vscode.postMessage({ type: 'compare', generation, row: index });
    },
    open: ({ index }, side) => {
      vscode.postMessage({ type: 'open', generation, row: index, side });
    },
    copy: ({ index }) => {
      vscode.postMessage({ type: 'copy', generation, row: index });
    },
  };
}

function waitingView(
  state: Exclude<DiffPageState, Ready>,
  { strings }: Pick<Shown, 'strings'>,
  retry: () => void,
): HTMLElement {
  switch (state.kind) {
    case 'loading':
      return busyView(strings.loading);
    case 'failed':
      return messageView({
        role: 'alert',
        title: strings.failedTitle,
        text: state.message,
        action: strings.retry,
        onAction: retry,
      });
    case 'asking':
      return messageView({
        title: state.reason === 'reloaded' ? strings.reloadedTitle : strings.stoppedTitle,
        text: fill(state.reason === 'reloaded' ? strings.reloaded : strings.stopped, {
          left: visibleName(state.left),
          right: visibleName(state.right),
        }),
        action: strings.compareAgain,
        onAction: retry,
      });
  }
}

/** Reads the report out of the file's data blocks, which no browser runs. */
async function inFile(): Promise<void> {
  const [first, ...blocks] = [...document.querySelectorAll('script[type="application/json"]')].map(
    (block) => block.textContent,
  );
  const given = parseDiffFileHead(JSON.parse(first ?? 'null'));
  if (given === undefined) return;
  const { head, strings, language } = given;
  let kept = newView('');
  const context: DiffContext = {
    head,
    strings,
    language,
    actions: undefined,
    view: () => kept,
    keep: (change) => {
      kept = { ...kept, ...change };
    },
  };
  const view = new DiffView(context);
  main.replaceChildren(view.element);
  const turns = new Turns();
  const rows: ChangeRow[] = [];
  for (const block of blocks) {
    for (const row of rowsOf(parseWireRows(JSON.parse(block)) ?? [], rows.length)) rows.push(row);
    view.showReading(rows.length);
    if (turns.isOver) await turns.next();
  }
  view.showRows(rows);
}

if (typeof acquireVsCodeApi === 'function') inHost(acquireVsCodeApi());
else void inFile();
