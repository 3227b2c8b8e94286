import { formatBytes } from '../../core/quantity.ts';
import type { ChangeNode } from './changeTree.ts';
import type { DiffContext } from './diffContext.ts';
import { shownPath, signedBytes } from './diffWords.ts';
import { button, element, fill } from './element.ts';

const mostBars = 9;

/** The folders with the most bytes that came or went: what went to the left, what came to the right. */
export function folderBars(
  root: ChangeNode,
  { strings }: DiffContext,
  onChoose: (node: ChangeNode) => void,
): HTMLElement {
  const bars = largestFolders(root, mostBars);
  const longest = Math.max(1, ...bars.flatMap(({ grown, shrunk }) => [grown, shrunk]));
  const percent = (bytes: number): string => `${bytes === 0 ? 0 : Math.max(1, (100 * bytes) / longest)}%`;
  return element('section', { class: 'picture' }, [
    element('h2', { text: strings.folders }),
    element(
      'ul',
      { class: 'folder-bars' },
      bars.map((node) => {
        const delta = signedBytes(node.grown - node.shrunk);
        const name = fill(strings.folderBar, {
          path: shownPath(node.path),
          delta,
          grown: formatBytes(node.grown),
          shrunk: formatBytes(node.shrunk),
        });
        const went = element('span', { class: 'went' });
        const came = element('span', { class: 'came' });
        went.style.width = percent(node.shrunk);
        came.style.width = percent(node.grown);
        return element('li', {}, [
          button(
            {
              class: 'folder-bar',
              title: name,
              attributes: { 'aria-label': name },
              onClick: () => {
                onChoose(node);
              },
            },
            [
              element('span', { class: 'folder-name', text: shownPath(node.path) }),
              ' ',
              element('span', { class: 'folder-delta', text: delta }),
              element('span', { class: 'folder-sides' }, [
                element('span', { class: 'half before' }, [went]),
                element('span', { class: 'half' }, [came]),
              ]),
            ],
          ),
        ]);
      }),
    ),
  ]);
}

/** The largest folder is opened as long as there is room for what is in it. */
function largestFolders(root: ChangeNode, most: number): readonly ChangeNode[] {
  const moved = ({ grown, shrunk }: ChangeNode): number => grown + shrunk;
  let shown = [root];
  for (;;) {
    const next = shown
      .filter(({ children }) => children !== undefined && children.size > 0)
      .sort((a, b) => moved(b) - moved(a))
      .find(
        (node) =>
          node === root ||
          [...(node.children?.values() ?? [])].filter((child) => moved(child) > 0).length <= 4,
      );
    if (next === undefined) break;
    const inside = [...(next.children?.values() ?? [])]
      .filter((child) => moved(child) > 0)
      .sort((a, b) => moved(b) - moved(a));
    const opened = [...shown.filter((node) => node !== next), ...inside];
    if (next !== root && (inside.length === 0 || opened.length > most)) break;
    shown = opened;
  }
  return shown.sort((a, b) => moved(b) - moved(a)).slice(0, most);
}
