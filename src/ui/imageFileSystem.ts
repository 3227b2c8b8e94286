import * as vscode from 'vscode';
import { imageScheme } from '../contributions.ts';
import { isDigest, shortDigest } from '../core/digest.ts';
import { failure } from '../core/errors.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import { exactName, visibleName } from '../core/fileTrees/visibleName.ts';
import type { ImageFile, ImageFiles } from '../inside/imageFiles.ts';
import { ReadOnlyFileSystem } from './readOnlyFileSystem.ts';

/**
 * The address of a file of an image. Its path is what tabs show: first whose file it is, then the path, with names
 * written so that each stays what it is.
 */
export function imageUri(place: FilePlace): vscode.Uri {
  const { imageId, tag, layer, path } = place;
  return vscode.Uri.from({
    scheme: imageScheme,
    path: `/${visibleName(placeName(place)).replaceAll('/', '∕')}/${visibleName(path)}`,
    query: new URLSearchParams({
      image: imageId,
      ...(tag !== undefined && { tag }),
      ...(layer !== undefined && { layer: String(layer) }),
    }).toString(),
  });
}

/** `app:1.4`, or `app:1.4, layer 3`. */
export function placeName({ imageId, tag, layer }: FilePlace): string {
  const image = tag ?? shortDigest(imageId);
  return layer === undefined ? image : vscode.l10n.t('{image}, layer {layer}', { image, layer: layer + 1 });
}

/** The place that {@link imageUri} made an address of; undefined for any other address. */
export function placeOfUri({ path, query }: Pick<vscode.Uri, 'path' | 'query'>): FilePlace | undefined {
  const parameters = new URLSearchParams(query);
  const imageId = parameters.get('image') ?? '';
  const tag = parameters.get('tag');
  const layer = parameters.get('layer');
  if (!isDigest(imageId) || (layer !== null && !/^\d{1,6}$/.test(layer))) return undefined;
  return {
    imageId,
    ...(tag !== null && { tag }),
    ...(layer !== null && { layer: Number(layer) }),
    path: exactName(path.split('/').slice(2).join('/')),
  };
}

/** Shows files of images in the engine as read-only documents. */
export class ImageFileSystem extends ReadOnlyFileSystem {
  constructor(files: ImageFiles) {
    super({
      async stat(uri) {
        const { file, isFolder } = await fileAt(files, uri);
        return {
          type: isFolder ? 'directory' : (file?.type ?? 'file'),
          sizeBytes: file?.sizeBytes ?? 0,
          mtime: file?.mtime,
        };
      },
      async list(uri) {
        const { children } = await fileAt(files, uri);
        return [...children].map(([name, { file, children: below }]) => [
          visibleName(name),
          below === undefined ? (file?.type ?? 'file') : 'directory',
        ]);
      },
      read: async (uri, operation) => files.read(await fileAt(files, uri), operation),
      refusal: vscode.l10n.t('Images are read-only.'),
    });
  }
}

async function fileAt(files: ImageFiles, uri: vscode.Uri): Promise<ImageFile> {
  const place = placeOfUri(uri);
  const found = place && (await files.follow(place));
  if (found === undefined) throw failure('pathMissing', { path: uri.path, name: uri.scheme });
  return found;
}
