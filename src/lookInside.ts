import * as vscode from 'vscode';
import type { Engine } from './core/engine/engine.ts';
import type { Inventory } from './core/inspect/inventory.ts';
import type { Log } from './ui/log.ts';
import { runOperation } from './ui/runOperation.ts';
import { runWhenSlow } from './ui/runWhenSlow.ts';
import type { VaultsInUse } from './vaults/vaultsInUse.ts';
import { ImageFiles } from './inside/imageFiles.ts';
import { LiveSources } from './inside/liveSources.ts';
import { OpenedImages, type OpenedImagesDeps } from './inside/openedImages.ts';

export interface LookInsideDeps {
  readonly engine: () => Engine;
  readonly inventory: Inventory;
  readonly vaults: VaultsInUse;
  readonly log: Log;
}

/** What this window looks into: images, and the files of containers and volumes as they are now. */
export interface Inside {
  readonly inside: OpenedImages;
  readonly imageFiles: ImageFiles;
  readonly live: LiveSources;
  /** Reads an image under a notification. */
  readonly readInside: OpenedImagesDeps['run'];
}

export function lookInside(
  { globalStorageUri }: Pick<vscode.ExtensionContext, 'globalStorageUri'>,
  { engine, inventory, vaults, log }: LookInsideDeps,
): Inside {
  const readInside: OpenedImagesDeps['run'] = (image, work) =>
    runOperation(log, vscode.l10n.t('Look into {image}', { image }), { reading: [0, 100] }, work);
  const inside = new OpenedImages({
    engine,
    tagsOf: (id) => inventory.images.get(id)?.tags,
    cacheFolder: vscode.Uri.joinPath(globalStorageUri, 'layers').fsPath,
    vaults: () => vaults.list.vaults.flatMap(({ state }) => (state.kind === 'open' ? [state.vault] : [])),
    run: readInside,
  });
  const live = new LiveSources({
    engine,
    imageRoot: async (id) => (await inside.merged(id))?.root,
    run: ({ name }, work) => runWhenSlow(vscode.l10n.t('Look into {image}', { image: name }), work),
  });
  inventory.onDidChange(({ kind }) => {
    if (kind !== 'state' || inventory.state.kind !== 'ready') return;
    live.sweep(new AbortController().signal).catch((error: unknown) => {
      log.error('removing what killed processes left', error);
    });
  });
  return { inside, imageFiles: new ImageFiles(inside), live, readInside };
}
