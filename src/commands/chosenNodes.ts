import type { NodeArgs } from '../contributions.ts';
import type { ContainerNode, DrydockNode, ImageNode, VolumeNode } from '../views/node.ts';

/** The nodes a command was started on. VS Code names the selected ones only if the clicked one is among them. */
export function chosenNodes([node, selected]: NodeArgs): readonly DrydockNode[] {
  if (selected !== undefined && selected.length > 0) return selected;
  return node === undefined ? [] : [node];
}

/** Images among nodes; a repository stands for all of its tags. */
export function imagesAmong(nodes: readonly DrydockNode[]): readonly ImageNode[] {
  const images = nodes.flatMap((node) => {
    if (node.kind === 'image') return node;
    return node.kind === 'repository' ? node.images : [];
  });
  return onceEach(images, ({ id, tag }) => `${id} ${tag ?? ''}`);
}

/** Containers among nodes; a project stands for all of its containers. */
export function containersAmong(nodes: readonly DrydockNode[]): readonly ContainerNode[] {
  const containers = nodes.flatMap((node) => {
    if (node.kind === 'container') return node;
    return node.kind === 'project' ? node.containers : [];
  });
  return onceEach(containers, ({ id }) => id);
}

export function volumesAmong(nodes: readonly DrydockNode[]): readonly VolumeNode[] {
  return onceEach(
    nodes.filter((node) => node.kind === 'volume'),
    ({ name }) => name,
  );
}

/** A group may be chosen together with what is in it. */
function onceEach<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
