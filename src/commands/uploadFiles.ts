import { basename } from 'node:path';
import * as vscode from 'vscode';
import { DrydockError } from '../core/errors.ts';
import type { UploadOwner, UploadResult } from '../core/fileTrees/uploadFiles.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import { formatBytes } from '../core/quantity.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { Command, CommandContext } from './context.ts';
import { askBeforeLoss } from './beforeLoss.ts';
import { askSource, livePlaceOf, type LiveFolder } from './liveNodes.ts';

interface Upload {
  readonly place: LiveFolder;
  readonly sources: readonly string[];
  readonly owner: UploadOwner;
}

/**
 * Puts files and folders of this machine into a folder of a container or a volume. What has the same name there is
 * overwritten only after a second question, which offers a backup first.
 */
export const uploadFiles: Command<'drydock.uploadFiles'> = async (context, node, dropped) => {
  const place = (node && folderOf(livePlaceOf(node), node)) ?? (await askFolder(context));
  if (place === undefined) return undefined;
  const sources = (dropped ?? (await askFiles()))?.map(({ fsPath }) => fsPath);
  if (sources === undefined || sources.length === 0) return undefined;
  const owner = await askOwner();
  if (owner === undefined) return undefined;
  const upload = { place, sources, owner };
  let result = await attempt(context, upload, false);
  if (result === 'taken') {
    if (!(await mayOverwrite(context, upload))) return undefined;
    result = await attempt(context, upload, true);
  }
  context.live.refresh(place.source);
  if (result === undefined || result === 'taken') return undefined;
  tellUploaded(context, upload, result);
  return result.fileCount;
};

/** Beside a file its folder is meant. */
function folderOf(
  place: LiveFolder | undefined,
  node: { readonly kind: string; readonly isFolder?: boolean },
): LiveFolder | undefined {
  if (place === undefined || node.kind !== 'liveFile' || node.isFolder === true) return place;
  return { source: place.source, path: place.path.split('/').slice(0, -1).join('/') };
}

async function askFolder(context: CommandContext): Promise<LiveFolder | undefined> {
  const title = vscode.l10n.t('Upload');
  const source = await askSource(context, title);
  if (source === undefined) return undefined;
  const path = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('The folder in {name} that gets the files', { name: source.name }),
    value: '/',
  });
  return path === undefined ? undefined : { source, path: path.replace(/^\/+|\/+$/g, '') };
}

/** No system but one has a dialog that takes both. */
async function askFiles(): Promise<readonly vscode.Uri[] | undefined> {
  const title = vscode.l10n.t('Upload');
  const choices = [
    { label: vscode.l10n.t('Files…'), isFolder: false },
    { label: vscode.l10n.t('A folder…'), isFolder: true },
  ];
  const isFolder = (await vscode.window.showQuickPick(choices, { title }))?.isFolder;
  if (isFolder === undefined) return undefined;
  return await vscode.window.showOpenDialog({
    title,
    openLabel: title,
    canSelectMany: true,
    canSelectFiles: !isFolder,
    canSelectFolders: isFolder,
  });
}

async function askOwner(): Promise<UploadOwner | undefined> {
  const title = vscode.l10n.t('Whose are the files to be?');
  const choices: readonly (vscode.QuickPickItem & { readonly owner: UploadOwner | 'other' })[] = [
    { label: vscode.l10n.t('Whose the folder is'), owner: 'folder' },
    { label: vscode.l10n.t('The root user'), description: '0:0', owner: { uid: 0, gid: 0 } },
    ...(process.platform === 'win32'
      ? []
      : [{ label: vscode.l10n.t('As on this machine'), owner: 'disk' } as const]),
    { label: vscode.l10n.t('Somebody else…'), owner: 'other' },
  ];
  const owner = (await vscode.window.showQuickPick(choices, { title }))?.owner;
  if (owner !== 'other') return owner;
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Numbers of the user and the group, such as 1000:1000'),
    validateInput: (input) =>
      ids(input) === undefined ? vscode.l10n.t('Two numbers with a colon between them.') : undefined,
  });
  return text === undefined ? undefined : ids(text);
}

function ids(text: string): { readonly uid: number; readonly gid: number } | undefined {
  const [, uid, gid] = /^(\d{1,10}):(\d{1,10})$/.exec(text.trim()) ?? [];
  const found = { uid: Number(uid), gid: Number(gid) };
  return found.uid < 2 ** 32 && found.gid < 2 ** 32 ? found : undefined;
}

function attempt(
  { live, log }: CommandContext,
  { place: { source, path }, sources, owner }: Upload,
  replace: boolean,
): Promise<UploadResult | 'taken' | undefined> {
  const title = vscode.l10n.t('Uploading into {target}', { target: source.name });
  return runOperation(log, title, { sending: [0, 80], checking: [80, 100] }, async (operation) => {
    const { uploadFiles: send } = await import('../core/fileTrees/uploadFiles.ts');
    const name = source.kind === 'container' ? source.id : source.name;
    const target = { kind: source.kind, name, folder: `/${path}` };
    try {
      return await send(await live.helpers(), { sources, target, owner, replace }, operation);
    } catch (error) {
      if (!replace && error instanceof DrydockError && error.code === 'fileExists') return 'taken';
      throw error;
    }
  });
}

async function mayOverwrite(context: CommandContext, { place, sources }: Upload): Promise<boolean> {
  const { source } = place;
  const overwrite = vscode.l10n.t('Overwrite');
  const isContainer = source.kind === 'container';
  const container = isContainer ? await context.engine().containers.inspect(source.id) : undefined;
  const answer = await askBeforeLoss(context, {
    message: vscode.l10n.t('{target} has {name} already. Overwrite it?', {
      target: source.name,
      name: sources.map((path) => basename(path)).join(', '),
    }),
    detail: vscode.l10n.t('Files of the same names are overwritten; others stay.'),
    actions: [overwrite],
    targets: {
      images: [],
      containers: container === undefined ? [] : [container],
      volumes: isContainer ? [] : [source.name],
      projects: [],
    },
  });
  return answer === overwrite;
}

function tellUploaded({ log }: CommandContext, { place }: Upload, result: UploadResult): void {
  const { fileCount, sizeBytes, left } = result;
  for (const { path, reason } of left) log.info(`${place.source.name}: ${path}: ${reason}`);
  const sentence = vscode.l10n.t('Uploaded and checked: {count} files ({size}) into {target}:{folder}.', {
    count: fileCount,
    size: formatBytes(sizeBytes),
    target: place.source.name,
    folder: `/${visibleName(place.path)}`,
  });
  if (left.length === 0) void vscode.window.showInformationMessage(sentence);
  else
    void vscode.window.showWarningMessage(
      `${sentence} ${vscode.l10n.t('{count} could not be sent: they are no files.', { count: left.length })}`,
    );
}
