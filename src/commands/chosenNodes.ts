import type { NodeArgs } from '../contributions.ts';
import type { ContainerNode, DrydockNode, ImageNode, VolumeNode } from '../views/node.ts';

/** The nodes a command was started on: all selected ones, if the clicked one is among them. */
export function chosenNodes([node, selected]: NodeArgs): readonly DrydockNode[] {
  if (selected !== undefined && selected.length > 0) return selected;
  return node === undefined ? [] : [node];
}

/** Images among nodes; a repository stands for all of its tags. */
export function imagesAmong(nodes: readonly DrydockNode[]): readonly ImageNode[] {
  return nodes.flatMap((node) => {
    if (node.kind === 'image') return node;
    return node.kind === 'repository' ? node.images : [];
  });
}

/** Containers among nodes; a project stands for all of its containers. */
export function containersAmong(nodes: readonly DrydockNode[]): readonly ContainerNode[] {
  return nodes.flatMap((node) => {
    if (node.kind === 'container') return node;
    return node.kind === 'project' ? node.containers : [];
  });
}

export function volumesAmong(nodes: readonly DrydockNode[]): readonly VolumeNode[] {
  return nodes.filter((node) => node.kind === 'volume');
}
