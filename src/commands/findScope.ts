import * as vscode from 'vscode';
import type { NodeArgs } from '../contributions.ts';
import { shortDigest } from '../core/digest.ts';
import { withoutHelpers } from '../core/engine/helperLabel.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { placeName } from '../ui/imageFileSystem.ts';
import { pickImage } from '../ui/pickers.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import { chosenNodes, imagesAmong } from './chosenNodes.ts';
import { chooseVault, snapshotsAmong, vaultAmong } from './chosenVault.ts';
import type { CommandContext } from './context.ts';
import { shownPath } from './fileNodes.ts';

/** Where files are looked for. */
export type FindScope =
  | {
      readonly kind: 'images';
      readonly name: string;
      readonly images: readonly Pick<FilePlace, 'imageId' | 'tag'>[];
      /** Only what this layer has, if one is given, and only what is below this path. */
      readonly within: Pick<FilePlace, 'layer' | 'path'>;
    }
  | {
      readonly kind: 'snapshots';
      readonly name: string;
      readonly vaultPath: string;
      readonly snapshots: readonly Snapshot[];
    };

/** What the nodes stand for; from the palette a person chooses. Undefined when the person backs out. */
export async function findScope(context: CommandContext, args: NodeArgs): Promise<FindScope | undefined> {
  const nodes = chosenNodes(args);
  const [node] = nodes;
  switch (node?.kind) {
    case 'file': {
      const { place } = node;
      const name = place.path === '' ? placeName(place) : `${placeName(place)}, ${shownPath(place)}`;
      return imagesScope(name, [place], place);
    }
    case 'layer': {
      const place = await context.views.files.placeOfLayer(node);
      return place && imagesScope(placeName(place), [place], place);
    }
    case 'image':
    case 'repository': {
      const images = imagesAmong(nodes).map(imagePlace);
      const [only] = images.length === 1 ? images : [];
      return imagesScope(
        only ? placeName({ ...only, path: '' }) : vscode.l10n.t('{count} images', { count: images.length }),
        images,
      );
    }
    case 'vault':
    case 'source':
    case 'snapshot': {
      const known = vaultAmong(context, nodes);
      const path = known?.path ?? '';
      return (
        known &&
        snapshotScope(known, node.kind === 'vault' ? undefined : snapshotsAmong(context, path, nodes))
      );
    }
    default:
      return askScope(context);
  }
}

async function askScope(context: CommandContext): Promise<FindScope | undefined> {
  const title = vscode.l10n.t('Find Files');
  const image = { label: vscode.l10n.t('In an image'), scope: 'image' } as const;
  const all = { label: vscode.l10n.t('In all images of the engine'), scope: 'all' } as const;
  const vault = { label: vscode.l10n.t('In all snapshots of a vault'), scope: 'vault' } as const;
  switch ((await vscode.window.showQuickPick([image, all, vault], { title }))?.scope) {
    case 'image': {
      const chosen = await pickImage(await context.engine().images.list(), title);
      return chosen && imagesScope(chosen.tag ?? shortDigest(chosen.id), [imagePlace(chosen)]);
    }
    case 'all': {
      const images = withoutHelpers(await context.engine().images.list());
      return imagesScope(
        all.label,
        images.map(({ id, tags: [tag] }) => imagePlace({ id, ...(tag !== undefined && { tag }) })),
      );
    }
    case 'vault': {
      const known = await chooseVault(context, [], title);
      return known && snapshotScope(known, undefined);
    }
    case undefined:
      return undefined;
  }
}

function imagePlace({
  id,
  tag,
}: {
  readonly id: FilePlace['imageId'];
  readonly tag?: string;
}): Pick<FilePlace, 'imageId' | 'tag'> {
  return { imageId: id, ...(tag !== undefined && { tag }) };
}

function imagesScope(
  name: string,
  images: readonly Pick<FilePlace, 'imageId' | 'tag'>[],
  { layer, path }: Pick<FilePlace, 'layer' | 'path'> = { path: '' },
): FindScope {
  return { kind: 'images', name, images, within: { ...(layer !== undefined && { layer }), path } };
}

function snapshotScope({ name, path, state }: KnownVault, some: readonly Snapshot[] | undefined): FindScope {
  if (state.kind === 'failed') throw state.error;
  const all = state.kind === 'open' ? state.snapshots : [];
  return { kind: 'snapshots', name, vaultPath: path, snapshots: some ?? all };
}
