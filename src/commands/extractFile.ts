import { join } from 'node:path';
import * as vscode from 'vscode';
import { placeName } from '../ui/imageFileSystem.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { Command } from './context.ts';
import { askExtractFolder, folderNameFor, tellExtracted } from './extractFiles.ts';
import { filesAmong, shownPath } from './fileNodes.ts';
import { oneAfterAnother } from './oneAfterAnother.ts';

/**
 * Brings files and folders of images to a folder of this machine, by the rules of `extractTree`: what is there already
 * is never replaced, and nothing is written through a link. Of a layer, what it added and changed comes along.
 */
export const extractFile: Command<'drydock.extractFile'> = async (context, ...args) => {
  const nodes = filesAmong(args).filter(({ change }) => change !== 'removed');
  if (nodes.length === 0) return undefined;
  const folder = await askExtractFolder(nodes.map(({ place }) => shownPath(place)).join(', '));
  if (folder === undefined) return undefined;
  const made = await oneAfterAnother(nodes, async ({ place }, started) => {
    // All of an image or a layer gets a folder of its own.
    const into = place.path === '' ? join(folder, folderNameFor(placeName(place))) : folder;
    const name = place.path === '' ? placeName(place) : shownPath(place);
    const extracted = await runOperation(
      context.log,
      vscode.l10n.t('Extracting {name}', { name }),
      {},
      async (operation) => {
        started(operation);
        const files = await context.imageFiles.toExtract(place, operation);
        if (files === undefined) return undefined;
        const { extractTree } = await import('../core/snapshotFiles/extractTree.ts');
        return extractTree(files, { path: place.path, into, replace: false, owners: false }, operation);
      },
    );
    if (extracted === undefined) return undefined;
    tellExtracted(context.log, { name, into, ...extracted });
    return extracted.paths;
  });
  return made.flat();
};
