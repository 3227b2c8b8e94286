import type { Command } from './context.ts';

/** Opens the picture of the layers that the images of the engine share. */
export const showSharedLayers: Command<'drydock.showSharedLayers'> = (context) => context.showShared();
