import * as vscode from 'vscode';
import { DrydockError, failure } from '../core/errors.ts';
import type { Operation } from '../core/progress.ts';
import { formatBytes } from '../core/quantity.ts';
import { engineKey } from '../core/recovery/engineKey.ts';
import type { PutBackResult } from '../core/snapshotFiles/putBackFiles.ts';
import type { RootFiles } from '../core/snapshotFiles/rootFiles.ts';
import type { FilePlace } from '../report/snapshotPanel.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { OpenedSnapshots } from '../vaults/openedSnapshots.ts';
import { askBeforeLoss } from './beforeLoss.ts';
import type { BackupContext } from './context.ts';

export interface PutBackDeps extends BackupContext {
  readonly open: OpenedSnapshots['open'];
}

interface Target {
  readonly kind: 'container' | 'volume';
  readonly name: string;
  readonly folder: string;
}

/**
 * Puts a file or a folder of a snapshot back where it was, into the container or the volume of that name. What is
 * there under the same name is overwritten only after a second question, which offers a backup first.
 */
export async function putBack(deps: PutBackDeps, place: FilePlace): Promise<void> {
  const { roots } = await deps.open(place.vaultPath, place.id);
  const files = roots.find(({ root }) => root.name === place.root);
  if (files === undefined) throw failure('unexpected', { reason: `no file system ${place.root}` });
  const target = await targetOf(deps, files, place.path);
  const name = place.path.split('/').at(-1) ?? '';
  const put = vscode.l10n.t('Put Back');
  const message = vscode.l10n.t('Put {name} back into {target}?', { name, target: target.name });
  const where = vscode.l10n.t('It goes to the folder {folder}.', { folder: `/${target.folder}` });
  if ((await vscode.window.showInformationMessage(message, { modal: true, detail: where }, put)) !== put)
    return;
  const title = vscode.l10n.t('Putting {name} back', { name });
  const attempt = (replace: boolean) =>
    runOperation(deps.log, title, {}, (operation) =>
      send(deps, { place, files, target, replace }, operation),
    );
  let result = await attempt(false);
  if (result === 'taken') {
    const overwrite = vscode.l10n.t('Overwrite');
    const isContainer = target.kind === 'container';
    const container = isContainer ? await deps.engine().containers.inspect(target.name) : undefined;
    const answer = await askBeforeLoss(deps, {
      message: vscode.l10n.t('{target} has {name} already. Overwrite it?', { target: target.name, name }),
      detail: vscode.l10n.t('Files of the same names are overwritten; others stay.'),
      actions: [overwrite],
      targets: {
        images: [],
        containers: container === undefined ? [] : [container],
        volumes: isContainer ? [] : [target.name],
        projects: [],
      },
    });
    if (answer !== overwrite) return;
    result = await attempt(true);
  }
  if (result === undefined || result === 'taken') return;
  void vscode.window.showInformationMessage(
    vscode.l10n.t('Put back and checked: {name} into {target} ({count} files, {size}).', {
      name,
      target: target.name,
      count: result.fileCount,
      size: formatBytes(result.sizeBytes),
    }),
  );
}

/** The thing of the engine that has the name which the snapshot's had. A container's mounts are volumes of their own. */
async function targetOf({ engine }: PutBackDeps, { root }: RootFiles, path: string): Promise<Target> {
  const { kind } = root;
  if (kind !== 'container' && kind !== 'volume')
    throw failure('unexpected', { reason: `nothing can be put into ${root.name}` });
  // A name that two things of the snapshot have is told apart by its kind.
  const name = root.name.replace(/^(container|volume)\//, '').replace(/#\d+$/, '');
  if (kind === 'volume') await engine().volumes.inspect(name);
  else await engine().containers.inspect(name);
  return { kind, name, folder: path.split('/').slice(0, -1).join('/') };
}

interface Sending {
  readonly place: FilePlace;
  readonly files: RootFiles;
  readonly target: Target;
  readonly replace: boolean;
}

async function send(
  { engine, vaults }: PutBackDeps,
  { place, files, target, replace }: Sending,
  operation: Operation,
): Promise<PutBackResult | 'taken'> {
  const [{ putBackFiles }, { withVaultSession }] = await Promise.all([
    import('../core/snapshotFiles/putBackFiles.ts'),
    import('../core/vault/vaultSession.ts'),
  ]);
  const deps = await vaults.openToRestore(place.vaultPath);
  const engineId = engineKey(await engine().info(operation));
  try {
    return await withVaultSession(
      deps,
      { kind: 'putBack', subject: `${place.root}:${place.path}` },
      operation,
      (session) =>
        putBackFiles(
          { engine: engine(), engineId, session },
          { files, path: place.path, target, replace },
          operation,
        ),
    );
  } catch (error) {
    if (!replace && error instanceof DrydockError && error.code === 'fileExists') return 'taken';
    throw error;
  }
}
