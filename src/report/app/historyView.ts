import type {
  FromWebviewMessage,
  CopyTarget,
  PageReport,
  PageState,
  PageStrings,
  ViewState,
} from '../protocol.ts';
import { button, copyGlyph, element, fill } from './element.ts';
import { busyView, messageView } from './messageViews.ts';
import { LayerTable } from './layerTable.ts';
import { sizeBar } from './sizeBar.ts';
import { tagChart } from './tagChart.ts';

export interface HistoryViewDeps {
  readonly strings: PageStrings;
  readonly view: () => ViewState;
  readonly keep: (change: Partial<ViewState>) => void;
  readonly copy: (target: CopyTarget) => void;
  readonly retry: () => void;
  readonly ask: (message: Asked) => void;
}

export type Asked = Exclude<FromWebviewMessage, { type: 'copy' | 'ready' | 'retry' }>;

/** What the page shows for `state`. */
export function historyView(state: PageState, deps: HistoryViewDeps): HTMLElement {
  switch (state.kind) {
    case 'loading':
      return busyView(deps.strings.loading);
    case 'failed':
      return messageView({
        role: 'alert',
        title: deps.strings.failedTitle,
        text: state.message,
        action: deps.strings.retry,
        onAction: deps.retry,
      });
    case 'ready':
      return reportView(state.report, deps);
  }
}

function reportView(report: PageReport, deps: HistoryViewDeps): HTMLElement {
  const { strings, view, keep, copy, ask } = deps;
  const shown = element('span', { class: 'muted shown', attributes: { role: 'status' } });
  const filter = element('input', {
    attributes: { type: 'search', placeholder: strings.filter, 'aria-label': strings.filter },
  });
  const hideEmpty = element('input', { attributes: { type: 'checkbox' } });
  const syncControls = (): void => {
    if (filter.value !== view().filter) filter.value = view().filter;
    hideEmpty.checked = view().hideEmpty;
  };
  const change = (changed: Partial<ViewState>): void => {
    keep(changed);
    syncControls();
    if ('filter' in changed || 'hideEmpty' in changed || 'sort' in changed) table.update();
  };
  syncControls();
  filter.addEventListener('input', () => {
    change({ filter: filter.value });
  });
  hideEmpty.addEventListener('change', () => {
    change({ hideEmpty: hideEmpty.checked });
  });
  const onShown = (count: number): void => {
    shown.textContent = fill(strings.shown, { shown: count, all: report.layers.length });
  };
  const table = new LayerTable({ report, strings, copy, ask, view, change, onShown });
  const onChoose = (number: number): void => {
    table.reveal(number);
  };

  return element('div', { class: 'report' }, [
    header(report, deps),
    sizeBar({ report, strings, onChoose }),
    element('section', { attributes: { 'aria-label': strings.steps } }, [
      element('div', { class: 'tools' }, [
        filter,
        element('label', {}, [hideEmpty, strings.hideEmpty]),
        shown,
        ...(report.canLook ? [asking(strings.look, 'look', ask)] : []),
        asking(strings.analyze, 'analyze', ask),
        button({
          class: 'secondary',
          text: strings.copyDockerfile,
          onClick: () => {
            copy({ kind: 'dockerfile' });
          },
        }),
      ]),
      table.element,
    ]),
    ...(report.tags.length < 2 ? [] : [tagChart({ tags: report.tags, strings, ask })]),
  ]);
}

function asking(text: string, type: 'look' | 'analyze', ask: HistoryViewDeps['ask']): HTMLButtonElement {
  return button({
    class: 'secondary',
    text,
    onClick: () => {
      ask({ type });
    },
  });
}

function header(report: PageReport, { strings, copy }: HistoryViewDeps): HTMLElement {
  const facts = element('dl', { class: 'facts' });
  const onClick = (): void => {
    copy({ kind: 'imageId' });
  };
  facts.append(
    element('div', {}, [
      element('dt', { text: strings.id }),
      element('dd', {}, [
        element('code', { text: report.shortId, title: report.id }),
        button(
          {
            class: 'copy',
            title: strings.copyImageId,
            attributes: { 'aria-label': strings.copyImageId },
            onClick,
          },
          [copyGlyph()],
        ),
      ]),
    ]),
    ...report.facts.map(([label, text, title]) =>
      element('div', {}, [element('dt', { text: label }), element('dd', { text, title })]),
    ),
  );
  return element('header', {}, [element('h1', { text: report.name }), facts]);
}
