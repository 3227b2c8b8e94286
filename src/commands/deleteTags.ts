import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { failure } from '../core/errors.ts';
import type { Removal } from '../core/transfer/keepLastTags.ts';
import type { RemoteTagNode } from '../views/node.ts';
import { ageOf } from '../views/when.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';
import { readPlan, removePlanned } from './keepLastTags.ts';

const mostNamed = 15;

/** Deletes tags of one repository, and all other tags of the same images, after naming them. Resolves with the tags. */
export const deleteTags: Command<'drydock.deleteTags'> = async (context, ...args) => {
  const title = vscode.l10n.t('Delete Tags');
  const chosen = chosenNodes(args).filter((node): node is RemoteTagNode => node.kind === 'remoteTag');
  const [first] = chosen;
  if (first === undefined) return undefined;
  const on = { host: first.host, path: first.path };
  const tags = new Set(
    chosen.filter(({ host, path }) => host === on.host && path === on.path).map(({ tag }) => tag),
  );
  const plan = await readPlan(context, on, async (images) => {
    const { planRemoval } = await import('../core/transfer/keepLastTags.ts');
    return planRemoval(images, tags);
  });
  if (plan === undefined) return undefined;
  const moved = chosen.find(
    ({ tag, digest }) =>
      digest !== undefined && plan.removed.some((one) => one.tag === tag && one.digest !== digest),
  );
  if (moved !== undefined) {
    context.registries.list.refresh(on);
    throw failure('tagMoved', { tag: `${on.path}:${moved.tag}` });
  }
  const name = `${on.host}/${on.path}`;
  if (plan.inTheWay.length > 0) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('{tags} can’t be deleted: these tags need it as a platform of theirs: {others}.', {
        tags: [...tags].join(', '),
        others: plan.inTheWay
          .slice(0, mostNamed)
          .map(({ tag }) => tag)
          .join(', '),
      }),
    );
    return undefined;
  }
  if (plan.removed.length === 0) {
    context.registries.list.refresh(on);
    return undefined;
  }
  if (!(await isMeant(name, tags, plan)) || !(await removePlanned(context, on, plan, title)))
    return undefined;
  return plan.removed.map(({ tag }) => tag);
};

async function isMeant(name: string, tags: ReadonlySet<string>, { removed }: Removal): Promise<boolean> {
  const others = removed.filter(({ tag }) => !tags.has(tag)).map(({ tag }) => tag);
  const wording = { l10n: vscode.l10n, language: vscode.env.language, nowMs: () => Date.now() };
  const remove = vscode.l10n.t('Delete');
  const answer = await vscode.window.showWarningMessage(
    tags.size === 1
      ? vscode.l10n.t('Delete {name}?', { name: `${name}:${[...tags].join('')}` })
      : vscode.l10n.t('Delete {count} tags of {name}?', { count: tags.size, name }),
    {
      modal: true,
      detail: [
        ...removed
          .slice(0, mostNamed)
          .map(({ tag, digest, createdMs }) =>
            [`${tag} (${shortDigest(digest)})`, ageOf(createdMs, wording)]
              .filter((part) => part !== '')
              .join(' · '),
          ),
        ...(others.length === 0
          ? []
          : [
              vscode.l10n.t('These tags stand for the same and go with it: {others}.', {
                others: others.slice(0, mostNamed).join(', '),
              }),
            ]),
        vscode.l10n.t(
          'What they stand for is deleted from the registry with its signatures. It can’t be undone.',
        ),
      ].join('\n'),
    },
    remove,
  );
  return answer === remove;
}
