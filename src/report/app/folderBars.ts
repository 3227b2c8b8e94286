import { formatBytes } from '../../core/quantity.ts';
import type { ChangeNode } from './changeTree.ts';
import type { DiffContext } from './diffContext.ts';
import { shownPath, signedBytes } from './diffWords.ts';
import { button, element, fill } from './element.ts';
import { largest } from './largest.ts';

const mostBars = 9;
/** A folder with more in it than this stays one bar. */
const mostParts = 4;

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

/** Of some folders the largest is opened as long as there is room for what is in it. */
function largestFolders(root: ChangeNode, most: number): readonly ChangeNode[] {
  const moved = ({ grown, shrunk }: ChangeNode): number => grown + shrunk;
  const inside = ({ children }: ChangeNode): readonly ChangeNode[] =>
    largest(children?.values() ?? [], most, moved).filter((child) => moved(child) > 0);
  let shown = inside(root);
  for (;;) {
    const next = shown
      .map((node) => ({ node, parts: inside(node) }))
      .find(({ parts }) => parts.length > 0 && parts.length <= mostParts);
    if (next === undefined || shown.length - 1 + next.parts.length > most) return shown;
    const others = shown.filter((node) => node !== next.node);
    shown = largest([...others, ...next.parts], most, moved);
  }
}
