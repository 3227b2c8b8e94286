import * as vscode from 'vscode';
import { shortDigest, type Digest } from '../core/digest.ts';
import { remoteNameText, type RemoteName } from '../core/registry/remoteName.ts';
import { askRemoteName, placeOn } from '../ui/askRemoteName.ts';
import { runQuick } from '../ui/runOperation.ts';
import type { CommandContext } from './context.ts';

type RegistryContext = Pick<CommandContext, 'registries' | 'log'>;

/** Where to: a registry of the list, or one that is typed, then the name there. Undefined when the person backs out. */
export async function askTarget(
  { registries: { list } }: Pick<CommandContext, 'registries'>,
  {
    title,
    prompt,
    path,
    tag,
    wantsTag,
    except,
  }: {
    readonly title: string;
    readonly prompt: string;
    /** What is proposed. */
    readonly path: string;
    readonly tag?: string | undefined;
    readonly wantsTag: 'needed' | 'optional' | 'none';
    readonly except?: string;
  },
): Promise<RemoteName | undefined> {
  const hosts = list.registries.map(({ host }) => host);
  let host = hosts[0];
  if (hosts.length > 1) {
    const other = { label: vscode.l10n.t('Another registry…'), host: '' };
    const choices = [...hosts.map((one) => ({ label: one, host: one })), other];
    const chosen = await vscode.window.showQuickPick(choices, {
      title,
      placeHolder: vscode.l10n.t('Choose a registry'),
      ignoreFocusOut: true,
    });
    if (chosen === undefined) return undefined;
    host = chosen.host === '' ? undefined : chosen.host;
  }
  return askRemoteName({
    ...{ title, prompt, tag: wantsTag },
    ...(host !== undefined && { value: placeOn(host, path, tag) }),
    ...(except !== undefined && { except }),
  });
}

/** A tag that is to be given, and the document it is to stand for where that is known before. */
export interface WantedTag {
  readonly name: RemoteName;
  readonly digest?: Digest;
}

/**
 * Asks before a tag is taken from what it stands for now. False when the person backs out, and where the registry could
 * not be asked, which is told.
 */
export async function mayTakeTags(
  context: RegistryContext,
  title: string,
  wanted: readonly WantedTag[],
): Promise<boolean> {
  const taken = await runQuick(context.log, title, ({ signal }) =>
    context.registries.with(async (registry) => {
      const found: TakenTag[] = [];
      for (const { name, digest } of wanted) {
        const { host, path, tag = 'latest' } = name;
        const there = await (await registry(host)).repository(path).headManifest(tag, { signal });
        if (there !== undefined && there.digest !== digest)
          found.push({ name: remoteNameText({ host, path, tag }), digest: there.digest });
      }
      return found;
    }),
  );
  return taken !== undefined && (await mayReplace(taken));
}

/** A tag, and what it stands for now. */
export interface TakenTag {
  readonly name: string;
  readonly digest: Digest;
}

/** Asks before tags are taken from what they stand for now. */
export async function mayReplace(taken: readonly TakenTag[]): Promise<boolean> {
  const [first] = taken;
  if (first === undefined) return true;
  const replace = vscode.l10n.t('Replace');
  const answer = await vscode.window.showWarningMessage(
    taken.length === 1
      ? vscode.l10n.t('{name} is there already. Have it stand for something else?', { name: first.name })
      : vscode.l10n.t('{count} tags are there already. Have them stand for something else?', {
          count: taken.length,
        }),
    {
      modal: true,
      detail: [
        ...taken.slice(0, 15).map(({ name, digest }) => `${name} (${shortDigest(digest)})`),
        vscode.l10n.t('What they stand for now can then only be had by its digest.'),
      ].join('\n'),
    },
    replace,
  );
  return answer === replace;
}

/** Shows in the view what has come to repositories, and keeps their names where the registry does not list them. */
export async function showArrived(
  { registries }: RegistryContext,
  host: string,
  paths: readonly string[],
): Promise<void> {
  const { list } = registries;
  if (list.find(host) === undefined || paths.length === 0) return;
  list.refresh({ host });
  const listed = await list.repositories(host).then(
    ({ names }) => names,
    // What is wrong with that list is told in the view.
    (): readonly string[] => [],
  );
  await registries.remember(
    host,
    paths.filter((path) => !listed.includes(path)),
  );
}
