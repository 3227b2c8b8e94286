import * as vscode from 'vscode';
import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { KeptReason, TaggedImage, TagPlan } from '../core/transfer/keepLastTags.ts';
import { askRemoteName } from '../ui/askRemoteName.ts';
import { tagCount } from '../ui/countWords.ts';
import { runOperation } from '../ui/runOperation.ts';
import { askTagFilter } from '../ui/tagFilter.ts';
import { ageOf } from '../views/when.ts';
import { chosenNodes } from './chosenNodes.ts';
import { remoteAmong } from './chosenRegistry.ts';
import type { Command, CommandContext } from './context.ts';

type Repository = Required<Pick<RemotePlace, 'host' | 'path'>>;

/** Keeps the newest tags of a repository and removes the others, after showing which. */
export const keepLastTags: Command<'drydock.keepLastTags'> = async (context, ...args) => {
  const title = vscode.l10n.t('Keep Last Tags');
  const on = await repositoryFor(remoteAmong(chosenNodes(args)), title);
  if (on === undefined) return undefined;
  const count = await askCount(title);
  const filter = count === undefined ? undefined : await askTagFilter(title);
  if (count === undefined || filter === undefined) return undefined;
  const plan = await readPlan(context, on, async (images) => {
    const { planKeepLast } = await import('../core/transfer/keepLastTags.ts');
    return planKeepLast(images, { count, filter });
  });
  if (plan === undefined || !(await isAgreed(plan, title))) return undefined;
  if (!(await removePlanned(context, on, plan, title))) return undefined;
  void vscode.window.showInformationMessage(
    vscode.l10n.t('Removed from {name}: {tags}. The registry frees the room when it next collects it.', {
      name: `${on.host}/${on.path}`,
      tags: tagCount(plan.removed.length),
    }),
  );
  return plan.removed.map(({ tag }) => tag);
};

/** Reads all tags of a repository and makes a plan of them; undefined after a failure, which is told, or a cancel. */
export function readPlan<P>(
  context: CommandContext,
  { host, path }: Repository,
  plan: (images: readonly TaggedImage[]) => Promise<P>,
): Promise<P | undefined> {
  const reading = vscode.l10n.t('Reading the tags of {name}', { name: `${host}/${path}` });
  return runOperation(context.log, reading, {}, (operation) =>
    context.registries.with(async (registry) => {
      const { readTags } = await import('../core/transfer/keepLastTags.ts');
      return plan(await readTags((await registry(host)).repository(path), operation));
    }),
  );
}

/** Removes what a plan removes; false after a failure, which is told, or a cancel. The view then shows what is left. */
export async function removePlanned(
  context: CommandContext,
  { host, path }: Repository,
  plan: TagPlan,
  title: string,
): Promise<boolean> {
  const isDone = await runOperation(context.log, title, {}, (operation) =>
    context.registries.with(async (registry) => {
      const { removeTags } = await import('../core/transfer/keepLastTags.ts');
      await removeTags((await registry(host)).repository(path), plan, operation);
      return true;
    }),
  );
  context.registries.list.refresh({ host, path });
  return isDone === true;
}

async function repositoryFor(place: RemotePlace | undefined, title: string): Promise<Repository | undefined> {
  if (place?.path !== undefined) return { host: place.host, path: place.path };
  return askRemoteName({
    ...{ title, tag: 'none', prompt: vscode.l10n.t('Repository whose old tags are to go') },
    ...(place && { value: `${place.host}/` }),
  });
}

async function askCount(title: string): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    value: '10',
    prompt: vscode.l10n.t('How many of the newest tags stay'),
    ignoreFocusOut: true,
    validateInput: (typed) =>
      /^[1-9]\d{0,6}$/.test(typed.trim()) ? undefined : vscode.l10n.t('Give a number from 1'),
  });
  return text === undefined ? undefined : Number(text.trim());
}

async function isAgreed({ kept, removed }: TagPlan, title: string): Promise<boolean> {
  const wording = { l10n: vscode.l10n, language: vscode.env.language, nowMs: () => Date.now() };
  const go =
    removed.length === 0
      ? { label: vscode.l10n.t('$(check) Nothing is removed'), isGo: false }
      : {
          label: vscode.l10n.t('$(trash) Remove {tags}', { tags: tagCount(removed.length) }),
          description: vscode.l10n.t('with their signatures; it can’t be undone'),
          isGo: true,
        };
  const line = (icon: string, { tag, createdMs }: TaggedImage, why: string) => ({
    label: `${icon} ${tag}`,
    description: [ageOf(createdMs, wording), why].filter((part) => part !== '').join(' · '),
    isGo: false,
  });
  const lines = [
    ...removed.map((image) => line('$(trash)', image, vscode.l10n.t('is removed'))),
    ...kept.map(({ image, reason }) => line('$(check)', image, reasonWords(reason))),
  ];
  const chosen = await vscode.window.showQuickPick([go, ...lines], {
    title,
    placeHolder: vscode.l10n.t('What is kept and why'),
    ignoreFocusOut: true,
  });
  return chosen?.isGo === true;
}

function reasonWords(reason: KeptReason): string {
  switch (reason) {
    case 'recent':
      return vscode.l10n.t('among the newest');
    case 'shared':
      return vscode.l10n.t('the same as one that stays, or a part of it');
    case 'undated':
      return vscode.l10n.t('says nothing of its age');
    case 'notChosen':
      return vscode.l10n.t('not chosen');
  }
}
