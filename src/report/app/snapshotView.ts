import type {
  PageFile,
  PageRoot,
  PageSection,
  PageSnapshot,
  SnapshotPageState,
  SnapshotPageStrings,
} from '../snapshotProtocol.ts';
import { button, element, fill } from './element.ts';
import { busyView, messageView } from './messageViews.ts';

export interface ListedFiles {
  readonly files: readonly PageFile[];
  readonly left: number;
}

export interface SnapshotViewDeps {
  readonly strings: SnapshotPageStrings;
  readonly list: (root: string, path: string) => Promise<ListedFiles>;
  readonly act: (type: 'open' | 'extract' | 'putBack', root: string, file: Pick<PageFile, 'path'>) => void;
  readonly ask: (type: 'retry' | 'restore') => void;
}

/** What the page shows for `state`. */
export function snapshotView(state: SnapshotPageState, deps: SnapshotViewDeps): HTMLElement {
  const { strings } = deps;
  switch (state.kind) {
    case 'loading':
      return busyView(strings.loading);
    case 'failed':
      return messageView({
        role: 'alert',
        title: strings.failedTitle,
        text: state.message,
        action: strings.retry,
        onAction: () => {
          deps.ask('retry');
        },
      });
    case 'ready':
      return contentsView(state.snapshot, deps);
  }
}

function contentsView(snapshot: PageSnapshot, deps: SnapshotViewDeps): HTMLElement {
  const { strings } = deps;
  return element('div', { class: 'report snapshot' }, [
    element('header', {}, [
      element('h1', { text: snapshot.name }),
      element(
        'dl',
        { class: 'facts' },
        snapshot.facts.map(([label, text]) =>
          element('div', {}, [element('dt', { text: label }), element('dd', { text })]),
        ),
      ),
    ]),
    ...(snapshot.alert === ''
      ? []
      : [element('p', { class: 'alert', text: snapshot.alert, attributes: { role: 'alert' } })]),
    element('div', {}, [
      button({
        class: 'primary',
        text: strings.restore,
        onClick: () => {
          deps.ask('restore');
        },
      }),
    ]),
    ...snapshot.sections.map(sectionView),
    ...(snapshot.remarks.length === 0
      ? []
      : [
          element('section', {}, [
            element('h2', { text: strings.remarks }),
            element(
              'ul',
              { class: 'rows' },
              snapshot.remarks.map(({ kind, subject, detail }) =>
                element('li', {}, [
                  element('code', { text: subject }),
                  element('span', { class: 'muted', text: ` ${kind}` }),
                  ...(detail === '' ? [] : [element('div', { class: 'muted', text: detail })]),
                ]),
              ),
            ),
          ]),
        ]),
    ...(snapshot.roots.length === 0
      ? []
      : [
          element('section', {}, [
            element('h2', { text: strings.files }),
            ...snapshot.roots.map((root) => rootView(root, deps)),
          ]),
        ]),
  ]);
}

function sectionView({ title, rows }: PageSection): HTMLElement {
  return element('section', {}, [
    element('h2', { text: title }),
    element(
      'ul',
      { class: 'rows' },
      rows.map(({ name, facts, lines }) =>
        element('li', {}, [
          element('strong', { text: name }),
          element('span', { class: 'muted', text: ` ${facts}` }),
          ...lines.map((line) => element('div', { class: 'muted', text: line })),
        ]),
      ),
    ),
  ]);
}

function rootView(root: PageRoot, deps: SnapshotViewDeps): HTMLElement {
  return folderView({ name: root.label, path: '', type: 'folder', facts: '' }, root, deps);
}

/** A folder that lists what is in it when it is opened first. */
function folderView(folder: PageFile, root: PageRoot, deps: SnapshotViewDeps): HTMLElement {
  const inside = element('div', { class: 'inside' });
  const details = element('details', { class: 'folder' }, [
    element('summary', {}, [
      element('span', { class: 'name', text: folder.name }),
      element('span', { class: 'muted', text: ` ${folder.facts}` }),
    ]),
    element('div', { class: 'actions' }, fileActions(folder, root, deps)),
    inside,
  ]);
  let isListed = false;
  details.addEventListener('toggle', () => {
    if (!details.open || isListed) return;
    isListed = true;
    inside.replaceChildren(element('p', { class: 'muted', text: '…' }));
    deps.list(root.name, folder.path).then(
      ({ files, left }) => {
        const rows = files.map((file) =>
          file.type === 'folder' ? folderView(file, root, deps) : fileView(file, root, deps),
        );
        if (left > 0)
          rows.push(element('p', { class: 'muted', text: fill(deps.strings.more, { count: left }) }));
        if (rows.length === 0) rows.push(element('p', { class: 'muted', text: deps.strings.empty }));
        inside.replaceChildren(...rows);
      },
      (error: unknown) => {
        isListed = false;
        const text = error instanceof Error ? error.message : String(error);
        inside.replaceChildren(element('p', { class: 'alert', text, attributes: { role: 'alert' } }));
      },
    );
  });
  return details;
}

function fileView(file: PageFile, root: PageRoot, deps: SnapshotViewDeps): HTMLElement {
  return element('div', { class: 'file' }, [
    element('span', { class: 'name', text: file.name }),
    element('span', { class: 'muted', text: ` ${file.facts}` }),
    element('span', { class: 'actions' }, fileActions(file, root, deps)),
  ]);
}

function fileActions(file: PageFile, root: PageRoot, deps: SnapshotViewDeps): readonly HTMLElement[] {
  const { strings, act } = deps;
  const types = [
    ...(file.type === 'file' ? (['open'] as const) : []),
    ...(root.canExtract && file.type !== 'other' ? (['extract'] as const) : []),
    ...(root.canPutBack && file.path !== '' && file.type !== 'other' ? (['putBack'] as const) : []),
  ];
  return types.map((type) =>
    button({
      class: 'link',
      text: fill(strings[type], { name: file.name }),
      onClick: () => {
        act(type, root.name, file);
      },
    }),
  );
}
