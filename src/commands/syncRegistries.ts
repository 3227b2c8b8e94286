import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { failure } from '../core/errors.ts';
import { formatBytes } from '../core/quantity.ts';
import type { RemoteName } from '../core/registry/remoteName.ts';
import type { CopiedImage } from '../core/transfer/copyImage.ts';
import type { SyncItem, SyncPlan } from '../core/transfer/planSync.ts';
import { misfitOf, parseSyncEnd, type SyncMisfit } from '../core/transfer/syncEnds.ts';
import type { TagFilter } from '../core/transfer/wildcard.ts';
import { imageCount } from '../ui/countWords.ts';
import { runOperation, showFailure } from '../ui/runOperation.ts';
import { askTagFilter } from '../ui/tagFilter.ts';
import { withItem } from '../ui/withItem.ts';
import { chosenNodes } from './chosenNodes.ts';
import { remoteAmong } from './chosenRegistry.ts';
import type { Command, CommandContext } from './context.ts';
import { showArrived } from './remoteTarget.ts';

interface Ends {
  readonly source: RemoteName;
  readonly target: RemoteName;
}

/** Copies many images between registries by a rule, after showing what that would do. */
export const syncRegistries: Command<'drydock.syncRegistries'> = async (context, ...args) => {
  const title = vscode.l10n.t('Sync Registries');
  const ends = await askEnds(context, remoteAmong(chosenNodes(args)), title);
  if (ends === undefined) return undefined;
  const isOne = (ends.source.tag ?? ends.source.digest) !== undefined;
  const tags = isOne ? { include: [], exclude: [] } : await askTagFilter(title);
  if (tags === undefined) return undefined;
  const plan = await planned(context, ends, tags);
  if (plan === undefined || !(await isAgreed(plan, ends, title))) return undefined;
  const { copied, arrived, errors } = await copyAll(context, ends, plan);
  await showArrived(context, ends.target.host, [...arrived]);
  if (errors.length === 1) showFailure(context.log, title, errors[0]);
  if (errors.length > 1) {
    for (const error of errors) context.log.error(title, error);
    showFailure(
      context.log,
      title,
      failure('partlyFailed', { failed: errors.length, total: plan.items.length }),
    );
  }
  if (copied.length > 0) tellCopied(copied);
  return copied;
};

async function askEnds(
  { registries: { list } }: CommandContext,
  place: { readonly host: string; readonly path?: string } | undefined,
  title: string,
): Promise<Ends | undefined> {
  const host = place?.host ?? list.registries[0]?.host;
  const from = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('From where: a repository, or several with a * that stands for any part'),
    placeHolder: 'registry.example.com/dev/*',
    ...(host !== undefined && { value: `${host}/${place?.path ?? '*'}` }),
    ignoreFocusOut: true,
    validateInput: (text) =>
      tryEnd(text) === undefined
        ? vscode.l10n.t('Write it like HOST/REPOSITORY or HOST/dev/*, in lower case')
        : undefined,
  });
  const source = from === undefined ? undefined : tryEnd(from);
  if (source === undefined) return undefined;
  const to = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Where to: the * stands for the same part'),
    placeHolder: 'registry.example.com/prod/*',
    ignoreFocusOut: true,
    validateInput: (text) => {
      const end = tryEnd(text);
      if (end === undefined)
        return vscode.l10n.t('Write it like HOST/REPOSITORY or HOST/dev/*, in lower case');
      const misfit = misfitOf(source, end);
      return misfit && misfitWords(misfit);
    },
  });
  const target = to === undefined ? undefined : tryEnd(to);
  return target && { source, target };
}

function tryEnd(text: string): RemoteName | undefined {
  try {
    return parseSyncEnd(text.trim());
  } catch {
    // Half of what a person types is no name yet.
    return undefined;
  }
}

function misfitWords(misfit: SyncMisfit): string {
  switch (misfit) {
    case 'stars':
      return vscode.l10n.t('Both need the same number of *');
    case 'digest':
      return vscode.l10n.t('A digest can’t be chosen');
    case 'manyIntoOne':
      return vscode.l10n.t('All tags can’t become one');
    case 'tagAndStar':
      return vscode.l10n.t('A tag goes with one repository, not with a *');
    case 'same':
      return vscode.l10n.t('That is where it is already');
  }
}

function planned(
  context: CommandContext,
  { source, target }: Ends,
  tags: TagFilter,
): Promise<SyncPlan | undefined> {
  const ref = source.digest ?? source.tag;
  const tag = target.tag ?? source.tag;
  return runOperation(context.log, vscode.l10n.t('Looking what there is to copy'), {}, (operation) =>
    context.registries.with(async (registry) => {
      const { planSync } = await import('../core/transfer/planSync.ts');
      const deps = { from: await registry(source.host), to: await registry(target.host) };
      const rule = { from: source.path, to: target.path };
      const only = ref === undefined ? {} : { only: { ref, ...(tag !== undefined && { tag }) } };
      return planSync(deps, { rule, tags, ...only }, operation);
    }),
  );
}

async function isAgreed({ items }: SyncPlan, { source, target }: Ends, title: string): Promise<boolean> {
  const isWork = ({ state }: SyncItem): boolean => state !== 'same';
  const work = items.filter(isWork).length;
  const there = items.length - work;
  const go =
    items.length === 0
      ? { label: vscode.l10n.t('$(info) Nothing in the source is like that'), isGo: false }
      : work === 0
        ? {
            label: vscode.l10n.t('$(check) Check {images}', { images: imageCount(there) }),
            description: vscode.l10n.t('all are there already'),
            isGo: true,
          }
        : {
            label: vscode.l10n.t('$(cloud-upload) Copy {images}', { images: imageCount(work) }),
            description:
              there === 0
                ? ''
                : vscode.l10n.t('{count} are there already and only checked', { count: there }),
            isGo: true,
          };
  const names = new Intl.Collator(vscode.env.language, { numeric: true });
  const lines = items
    .toSorted((a, b) => Number(isWork(b)) - Number(isWork(a)) || names.compare(nameOf(a), nameOf(b)))
    .map((item) => ({
      label: `${iconOf(item)} ${nameOf(item)}`,
      description: stateWords(item),
      detail: `${source.host}/${item.from}${item.ref.includes(':') ? '@' : ':'}${item.ref} → ${target.host}`,
      isGo: false,
    }));
  const chosen = await vscode.window.showQuickPick([go, ...lines], {
    title,
    placeHolder: vscode.l10n.t('What would be copied; nothing is deleted'),
    ignoreFocusOut: true,
    matchOnDescription: true,
  });
  return chosen?.isGo === true;
}

/** What it is called over there. */
function nameOf({ to, tag, digest }: SyncItem): string {
  return tag === undefined ? `${to}@${shortDigest(digest)}` : `${to}:${tag}`;
}

function iconOf({ state }: SyncItem): string {
  return state === 'new' ? '$(add)' : state === 'changed' ? '$(edit)' : '$(check)';
}

function stateWords({ state, was, digest }: SyncItem): string {
  switch (state) {
    case 'new':
      return vscode.l10n.t('new there');
    case 'changed':
      return vscode.l10n.t('is {was} there, becomes {digest}', {
        was: was === undefined ? '?' : shortDigest(was),
        digest: shortDigest(digest),
      });
    case 'same':
      return vscode.l10n.t('there already');
  }
}

interface Copied {
  readonly copied: readonly CopiedImage[];
  /** Repositories that something has come to. */
  readonly arrived: ReadonlySet<string>;
  readonly errors: readonly unknown[];
}

/** One image after the other; what one can't be does not keep the others from their turn. A cancel stops before the next. */
async function copyAll(
  context: CommandContext,
  { source, target }: Ends,
  { items, sourceTags }: SyncPlan,
): Promise<Copied> {
  const copied: CopiedImage[] = [];
  const arrived = new Set<string>();
  const errors: unknown[] = [];
  await runOperation(
    context.log,
    vscode.l10n.t('Copying {images}', { images: imageCount(items.length) }),
    {},
    (operation) =>
      context.registries.with(async (registry) => {
        const { copyImage } = await import('../core/transfer/copyImage.ts');
        const [from, to] = [await registry(source.host), await registry(target.host)];
        const places = new Map();
        for (const item of items) {
          operation.signal.throwIfAborted();
          try {
            const input = {
              // What was shown is what is copied, whatever the tag stands for by now.
              ...{ ref: item.digest, sourceTags: sourceTags.get(item.from) ?? [] },
              ...(item.tag !== undefined && { tag: item.tag }),
            };
            const deps = { from: from.repository(item.from), to: to.repository(item.to) };
            const image = await copyImage(deps, input, withItem(operation, nameOf(item)), places);
            copied.push(image);
            // A row that a person is about to open would close when nothing came and the tree is drawn anew all the same.
            if (!image.wasThere || image.sentBytes > 0) arrived.add(item.to);
          } catch (error) {
            operation.signal.throwIfAborted();
            errors.push(error);
          }
        }
      }),
  );
  return { copied, arrived, errors };
}

function tellCopied(copied: readonly CopiedImage[]): void {
  const sent = formatBytes(copied.reduce((sum, { sentBytes }) => sum + sentBytes, 0));
  const there = copied.filter(({ wasThere }) => wasThere).length;
  const images = imageCount(copied.length - there);
  void vscode.window.showInformationMessage(
    there === copied.length
      ? vscode.l10n.t('Checked: {images}, there already. {sent} sent.', { images: imageCount(there), sent })
      : there === 0
        ? vscode.l10n.t('Copied and read back: {images} ({sent} sent).', { images, sent })
        : vscode.l10n.t('Copied and read back: {images} ({sent} sent, {there} were there already).', {
            ...{ images, sent, there },
          }),
  );
}
