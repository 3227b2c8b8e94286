import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { compressionByName } from '../core/archive/compressionByName.ts';
import type { MadeBundle } from '../core/bundle/bundleImages.ts';
import { fileTimestamp, formatBytes } from '../core/quantity.ts';
import type { Operation } from '../core/progress.ts';
import { archiveFolder } from '../ui/archiveFolder.ts';
import { pickBasis, pickPartBytes } from '../ui/bundlePickers.ts';
import { pickImages } from '../ui/pickers.ts';
import { runOperation } from '../ui/runOperation.ts';
import { chosenNodes, imagesAmong } from './chosenNodes.ts';
import { openState, snapshotsAmong, vaultAmong } from './chosenVault.ts';
import type { Command, CommandContext } from './context.ts';
import type { DrydockNode } from '../views/node.ts';

type Place = Pick<Parameters<Making['make']>[0], 'path' | 'replace' | 'partBytes'>;

/** What goes into the bundle, and how it is made of it. */
interface Making {
  readonly name: string;
  readonly count: number;
  readonly make: (
    place: { readonly path: string; readonly replace: boolean; readonly partBytes?: number },
    basis: string | undefined,
    operation: Operation,
  ) => Promise<MadeBundle>;
}

/** Puts images, or snapshots of the Backups view, into one file or parts of it, and reads that back. */
export const createBundle: Command<'drydock.createBundle'> = async (context, ...args) => {
  const title = vscode.l10n.t('Create Bundle');
  const making = await choose(context, chosenNodes(args), title);
  if (making === undefined) return undefined;
  const basis = await pickBasis(title);
  const partBytes = basis && (await pickPartBytes(title));
  if (basis === undefined || partBytes === undefined) return undefined;
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(join(archiveFolder(), proposedName(making))),
    saveLabel: vscode.l10n.t('Save'),
  });
  if (target === undefined) return undefined;
  // Of one file the dialog has asked whether it may be replaced; of parts it knows nothing.
  const place: Place = {
    path: target.fsPath,
    ...(partBytes === 'whole' ? { replace: true } : { replace: false, partBytes }),
  };
  const made = await runOperation(
    context.log,
    vscode.l10n.t('Bundling {name}', { name: making.name }),
    { reading: [0, 70], checking: [70, 100] },
    (operation) => making.make(place, basis.kind === 'delta' ? basis.path : undefined, operation),
  );
  if (made !== undefined) await tellMade(made);
  return made;
};

async function choose(
  context: CommandContext,
  nodes: readonly DrydockNode[],
  title: string,
): Promise<Making | undefined> {
  const known = vaultAmong(context, nodes);
  if (known !== undefined) {
    const open = openState(known);
    if (open === undefined) return undefined;
    const { vault } = open;
    const isWhole = nodes.some(({ kind }) => kind === 'vault');
    const snapshots = isWhole ? open.snapshots : snapshotsAmong(context, known.path, nodes);
    const [first] = snapshots;
    if (first === undefined) return undefined;
    return {
      name: first.source.name,
      count: snapshots.length,
      make: async (place, basis, operation) => {
        const { bundleSnapshots } = await import('../core/bundle/bundleSnapshots.ts');
        const had = await inventoryAt(basis, operation);
        const input = { ...place, snapshots, compression: 'none', nowMs: Date.now(), ...had } as const;
        return bundleSnapshots({ vault }, input, operation);
      },
    };
  }
  const given = imagesAmong(nodes);
  const images = given.length > 0 ? given : await pickImages(await context.engine().images.list(), title);
  const [first] = images ?? [];
  if (images === undefined || first === undefined) return undefined;
  return {
    name: first.tag ?? first.id,
    count: images.length,
    make: async (place, basis, operation) => {
      const { bundleImages } = await import('../core/bundle/bundleImages.ts');
      const had = await inventoryAt(basis, operation);
      const chosen = images.map(({ id, tag }) => ({ id, tags: tag === undefined ? [] : [tag] }));
      const compression = compressionByName(place.path);
      const input = { ...place, images: chosen, compression, nowMs: Date.now(), ...had } as const;
      return bundleImages({ engine: context.engine() }, input, operation);
    },
  };
}

async function inventoryAt(path: string | undefined, operation: Operation) {
  if (path === undefined) return {};
  const { inventoryFrom } = await import('../core/bundle/bundleInventory.ts');
  return { had: await inventoryFrom(path, operation) };
}

function proposedName({ name, count }: Making): string {
  const first = name.split('/').at(-1) ?? '';
  const more = count > 1 ? `_and_${count - 1}_more` : '';
  return `${first.replace(/[^\w.-]+/g, '_')}${more}_${fileTimestamp(Date.now())}.bundle.tar`;
}

async function tellMade({ paths, sizeBytes, checksumPath, leftOut }: MadeBundle): Promise<void> {
  const [path = ''] = paths;
  const size = formatBytes(sizeBytes);
  const made =
    paths.length === 1
      ? vscode.l10n.t('Bundled and verified: {path} ({size}).', { path, size })
      : vscode.l10n.t(
          'Bundled and verified: {count} parts in {folder}, {first} to {last} ({size} together).',
          {
            ...{ count: paths.length, folder: dirname(path), first: basename(path), size },
            last: basename(paths.at(-1) ?? ''),
          },
        );
  const spared = leftOut.reduce((sum, one) => sum + one.sizeBytes, 0);
  const sentences = [
    made,
    ...(spared > 0
      ? [vscode.l10n.t('Left out, since the target has it: {size}.', { size: formatBytes(spared) })]
      : []),
    vscode.l10n.t('Carry {file} along.', { file: basename(checksumPath) }),
  ];
  const copyPath = vscode.l10n.t('Copy Path');
  const chosen = await vscode.window.showInformationMessage(sentences.join(' '), copyPath);
  if (chosen === copyPath) await vscode.env.clipboard.writeText(path);
}
