import { chosenNodes, containersAmong, imagesAmong, volumesAmong } from './chosenNodes.ts';
import type { Command } from './context.ts';
import { removeContainers } from './removeContainers.ts';
import { removeImages } from './removeImages.ts';
import { removeVolumes } from './removeVolumes.ts';

/** Remove in the context menus: whatever kind of node it was started on. */
export const remove: Command<'drydock.remove'> = (context, ...args) => {
  const nodes = chosenNodes(args);
  if (imagesAmong(nodes).length > 0) return removeImages(context, ...args);
  if (containersAmong(nodes).length > 0) return removeContainers(context, ...args);
  if (volumesAmong(nodes).length > 0) return removeVolumes(context, ...args);
  return Promise.resolve(undefined);
};
