import * as vscode from 'vscode';
import { formatBytes } from '../core/quantity.ts';
import { remoteNameText, type RemoteName } from '../core/registry/remoteName.ts';
import type { CopiedImage } from '../core/transfer/copyImage.ts';
import { askRemoteName } from '../ui/askRemoteName.ts';
import { runOperation, runQuick } from '../ui/runOperation.ts';
import { withItem } from '../ui/withItem.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';
import { askTarget, mayReplace, showArrived } from './remoteTarget.ts';

/** Copies what a tag stands for to another tag, repository or registry, with its digest and all that belongs to it. */
export const copyTag: Command<'drydock.copyTag'> = async (context, ...args) => {
  const title = vscode.l10n.t('Copy Tag');
  const node = chosenNodes(args).find(({ kind }) => kind === 'remoteTag');
  const source: RemoteName | undefined =
    node?.kind === 'remoteTag'
      ? { host: node.host, path: node.path, tag: node.tag }
      : await askRemoteName({ title, prompt: vscode.l10n.t('Which tag to copy'), tag: 'needed' });
  if (source?.tag === undefined) return undefined;
  const { tag: ref } = source;
  const name = await askTarget(context, {
    ...{ title, path: source.path, tag: ref, wantsTag: 'needed', except: remoteNameText(source) },
    prompt: vscode.l10n.t('Where to copy {name}', { name: remoteNameText(source) }),
  });
  if (name === undefined) return undefined;
  const { host, path, tag = ref } = name;
  const found = await runQuick(context.log, title, (operation) =>
    context.registries.with(async (registry) => {
      const { planSync } = await import('../core/transfer/planSync.ts');
      const deps = { from: await registry(source.host), to: await registry(host) };
      const rule = { from: source.path, to: path };
      const input = { rule, only: { ref, tag }, tags: { include: [], exclude: [] } };
      return planSync(deps, input, operation);
    }),
  );
  const [item] = found?.items ?? [];
  if (found === undefined || item === undefined) return undefined;
  // The plan has asked what the tag stands for.
  const { state, was } = item;
  if (state === 'changed' && was !== undefined) {
    const taken = { name: remoteNameText(name), digest: was };
    if (!(await mayReplace([taken]))) return undefined;
  }
  const copied = await runOperation(
    context.log,
    vscode.l10n.t('Copying {name}', { name: remoteNameText(source) }),
    {},
    (operation) =>
      context.registries.with(async (registry) => {
        const { copyImage } = await import('../core/transfer/copyImage.ts');
        const deps = {
          from: (await registry(source.host)).repository(source.path),
          to: (await registry(host)).repository(path),
        };
        // By the digest that was agreed to.
        const input = { ref: item.digest, tag, sourceTags: found.sourceTags.get(source.path) ?? [] };
        return copyImage(deps, input, withItem(operation, remoteNameText(source)));
      }),
  );
  if (copied === undefined) return undefined;
  await showArrived(context, host, [path]);
  tellCopied(remoteNameText(name), copied);
  return copied;
};

function tellCopied(name: string, { wasThere, companions, sentBytes, totalBytes }: CopiedImage): void {
  const sizes = { sent: formatBytes(sentBytes), total: formatBytes(totalBytes) };
  const sentences = [
    wasThere
      ? vscode.l10n.t('{name} stood for this already.', { name })
      : vscode.l10n.t('Copied and read back: {name} ({sent} sent of {total}).', { ...sizes, name }),
    ...(companions > 0
      ? [vscode.l10n.t('Signatures and the like with it: {count}.', { count: companions })]
      : []),
  ];
  void vscode.window.showInformationMessage(sentences.join(' '));
}
