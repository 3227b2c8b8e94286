import * as vscode from 'vscode';
import { remoteNameText, type RemoteName } from '../core/registry/remoteName.ts';
import { tryParseImageName } from '../core/oci/imageName.ts';
import type { Snapshot, SnapshotContents, SnapshotImage } from '../core/snapshot/snapshot.ts';
import type { Vault } from '../core/vault/layout.ts';
import { pathFor } from '../ui/askRemoteName.ts';
import { runOperation, runQuick } from '../ui/runOperation.ts';
import { pickSnapshots } from '../ui/vaultPickers.ts';
import { snapshotCount } from '../views/snapshotItem.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault, openState, snapshotsAmong } from './chosenVault.ts';
import type { Command, CommandContext } from './context.ts';
import { askTarget, mayTakeTags, showArrived } from './remoteTarget.ts';
import { shortImage, tellPushed, type PushedOne } from './tellPushed.ts';

/** What of a snapshot is to be pushed: all of it, for a vault, or an image, for engines. */
export type PushForm = { readonly kind: 'snapshot' } | ImageForm;

export interface ImageForm {
  readonly kind: 'image';
  readonly image: SnapshotImage;
  readonly compression: 'keep' | 'gzip';
}

/** Pushes snapshots as they are, or an image of one, to a registry, straight out of the vault. */
export const pushSnapshots: Command<'drydock.pushSnapshots'> = async (context, ...args) => {
  const title = vscode.l10n.t('Push to Registry');
  const nodes = chosenNodes(args);
  const known = await chooseVault(context, nodes, title);
  if (known === undefined) return undefined;
  const open = openState(known);
  if (open === undefined) return undefined;
  const { vault, snapshots: all } = open;
  const given = snapshotsAmong(context, known.path, nodes);
  const snapshots = given.length > 0 ? given : await pickSnapshots(all, title);
  const [first] = snapshots ?? [];
  if (snapshots === undefined || first === undefined) return undefined;
  if (snapshots.length === 1) {
    const contents = await opened(context, vault, first);
    const form = contents && (await chooseForm(contents, title));
    if (form?.kind === 'image') return pushImageOf(context, vault, form, title);
    if (form === undefined) return undefined;
  }
  return pushWhole(context, vault, snapshots, title);
};

/** Opens a snapshot; what goes wrong is told. */
export async function opened(
  { log }: Pick<CommandContext, 'log'>,
  vault: Vault,
  snapshot: Snapshot,
): Promise<SnapshotContents | undefined> {
  return runQuick(log, vscode.l10n.t('Push to Registry'), async ({ signal }) => {
    const { openSnapshot } = await import('../core/snapshot/snapshots.ts');
    return openSnapshot(vault, snapshot, { signal });
  });
}

/** Asks what of it to push; without an image in it that is not asked. */
async function chooseForm({ images }: SnapshotContents, title: string): Promise<PushForm | undefined> {
  const chosen = images.filter(({ role }) => role === 'image');
  if (chosen.length === 0) return { kind: 'snapshot' };
  const choice = await vscode.window.showQuickPick(
    [
      {
        label: vscode.l10n.t('$(history) The Whole Snapshot'),
        detail: vscode.l10n.t(
          'For Drydock: pulled into another vault it has the same ID, and all that is in it',
        ),
        form: { kind: 'snapshot' } as PushForm,
      },
      ...chosen.flatMap((image) => imageChoices(image)),
    ],
    { title, placeHolder: vscode.l10n.t('Choose what to push'), ignoreFocusOut: true },
  );
  return choice?.form;
}

/** How an image is to lie there; not asked where there is one way only. */
export async function chooseImageForm(image: SnapshotImage, title: string): Promise<ImageForm | undefined> {
  const choices = imageChoices(image);
  if (choices.length === 1) return choices[0]?.form;
  const choice = await vscode.window.showQuickPick(choices, {
    title,
    placeHolder: vscode.l10n.t('Choose what to push'),
    ignoreFocusOut: true,
  });
  return choice?.form;
}

function imageChoices(
  image: SnapshotImage,
): readonly (vscode.QuickPickItem & { readonly form: ImageForm })[] {
  const name = shortImage(image);
  const plain = {
    label: vscode.l10n.t('$(package) The Image {name}', { name }),
    detail: vscode.l10n.t('For any engine to pull'),
    form: { kind: 'image', image, compression: 'keep' } as const,
  };
  const hasZstd = image.manifests.some(({ layers }) =>
    layers.some(({ descriptor }) => descriptor.mediaType.endsWith('zstd')),
  );
  if (!hasZstd) return [plain];
  return [
    { ...plain, detail: vscode.l10n.t('For Docker 23 and newer, Podman and containerd to pull, as it is') },
    {
      label: vscode.l10n.t('$(package) The Image {name}, Layers as gzip', { name }),
      detail: vscode.l10n.t('For older engines, too; packed anew, so that its digest is another one'),
      form: { kind: 'image', image, compression: 'gzip' },
    },
  ];
}

/** Asks for the name, and pushes the image under it. */
export async function pushImageOf(
  context: CommandContext,
  vault: Vault,
  { image, compression }: ImageForm,
  title: string,
): Promise<readonly PushedOne[] | undefined> {
  const [tagged] = image.tags;
  const own = tagged === undefined ? undefined : tryParseImageName(tagged);
  const path = own?.repository.replace(/^library\/(?=[^/]+$)/, '') ?? 'unnamed';
  const name = await askTarget(context, {
    ...{ title, wantsTag: 'needed', path, tag: own?.tag ?? 'latest' },
    prompt: vscode.l10n.t('Name of the image in the registry'),
  });
  if (name === undefined) return undefined;
  const digest = compression === 'keep' ? { digest: image.target.digest } : {};
  if (!(await mayTakeTags(context, title, [{ name, ...digest }]))) return undefined;
  const { host, path: to, tag = 'latest' } = name;
  const pushed = await runOperation(
    context.log,
    vscode.l10n.t('Pushing {name}', { name: remoteNameText(name) }),
    {},
    (operation) =>
      context.registries.with(async (registry) => {
        const { pushImage } = await import('../core/transfer/pushImage.ts');
        const repository = (await registry(host)).repository(to);
        return pushImage({ from: vault, to: repository }, { image, tag, compression }, operation);
      }),
  );
  if (pushed === undefined) return undefined;
  const results = [{ name: remoteNameText(name), ...pushed }];
  await showArrived(context, host, [to]);
  void tellPushed(results);
  return results;
}

async function pushWhole(
  context: CommandContext,
  vault: Vault,
  snapshots: readonly Snapshot[],
  title: string,
): Promise<readonly PushedOne[] | undefined> {
  const isOne = snapshots.length === 1;
  const [first] = snapshots;
  const { pushTags } = await import('../core/transfer/pushTags.ts');
  const tags = pushTags(snapshots);
  const target = await askTarget(context, {
    ...{ title, wantsTag: isOne ? 'optional' : 'none' },
    path: isOne && first?.source.kind === 'image' ? pathFor(pathOf(first.source.name)) : 'backups',
    tag: isOne && first !== undefined ? tags.get(first.id) : undefined,
    prompt: isOne
      ? vscode.l10n.t('Where the snapshot goes; without a tag it has its name')
      : vscode.l10n.t('Repository for {snapshots}; each has its name for a tag', {
          snapshots: snapshotCount(snapshots.length, vscode),
        }),
  });
  if (target === undefined || !(await maySendSecrets(snapshots, target))) return undefined;
  const wanted = snapshots.map((snapshot) => {
    const tag = target.tag ?? tags.get(snapshot.id) ?? snapshot.refName;
    return { snapshot, tag, name: { ...target, tag }, digest: snapshot.id };
  });
  if (!(await mayTakeTags(context, title, wanted))) return undefined;
  const results: PushedOne[] = [];
  await runOperation(
    context.log,
    isOne
      ? vscode.l10n.t('Pushing {name}', { name: remoteNameText(target) })
      : vscode.l10n.t('Pushing {snapshots} to {name}', {
          snapshots: snapshotCount(snapshots.length, vscode),
          name: remoteNameText(target),
        }),
    {},
    (operation) =>
      context.registries.with(async (registry) => {
        const { pushSnapshot } = await import('../core/transfer/pushSnapshot.ts');
        const to = (await registry(target.host)).repository(target.path);
        const places = new Map();
        for (const { snapshot, name, tag } of wanted) {
          operation.signal.throwIfAborted();
          const pushed = await pushSnapshot({ from: vault, to }, { snapshot, tag }, operation, places);
          results.push({ name: remoteNameText(name), ...pushed });
        }
      }),
  );
  // What arrived before a failure or a cancel is there.
  if (results.length === 0) return undefined;
  await showArrived(context, target.host, [target.path]);
  void tellPushed(results);
  return results;
}

/** Data of volumes and settings of containers hold passwords more often than not. */
async function maySendSecrets(snapshots: readonly Snapshot[], target: RemoteName): Promise<boolean> {
  const holding = snapshots.filter(({ source }) => source.kind !== 'image');
  if (holding.length === 0) return true;
  const push = vscode.l10n.t('Push');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Push data to {host}?', { host: target.host }),
    {
      modal: true,
      detail: vscode.l10n.t(
        'These hold what is in volumes, and settings with what may be secret: {names}. Whoever may pull from {repository} can read all of it.',
        {
          names: [...new Set(holding.map(({ source }) => source.name))].slice(0, 15).join(', '),
          repository: `${target.host}/${target.path}`,
        },
      ),
    },
    push,
  );
  return answer === push;
}

function pathOf(imageName: string): string {
  const repository = tryParseImageName(imageName)?.repository ?? imageName;
  return repository.replace(/^library\/(?=[^/]+$)/, '');
}
