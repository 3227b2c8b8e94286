import { formatBytes } from '../core/quantity.ts';
import type { ItemKind, RestoreItem, RestorePlan } from '../core/restore/restorePlan.ts';
import type { RestoreProblem } from '../core/restore/restoreProblem.ts';
import type { KeptThing, RestoreResult, RestoreWarning } from '../core/restore/restoreResult.ts';
import { shortVolumeName } from '../views/containerItem.ts';
import type { Wording } from '../views/viewItem.ts';

type Words = Pick<Wording, 'l10n'>;

/** One line of a plan as a list shows it. */
export interface PlanLine {
  /** With the icon in front, as quick picks write it. */
  readonly label: string;
  readonly description: string;
}

export function itemLine(item: RestoreItem, words: Words): PlanLine {
  const icon = isUndecided(item) ? 'error' : icons[item.action];
  // An image's new name is its ID, which says nothing new.
  const isSame = item.what === 'image' || item.newName === '' || item.newName === item.name;
  const own = shortVolumeName(item.name);
  const name = isSame ? own : `${own} → ${item.newName}`;
  return { label: `$(${icon}) ${itemWord(item.what, words)} ${name}`, description: actionWords(item, words) };
}

export function problemLine({ severity, template, args }: RestoreProblem, { l10n }: Words): PlanLine {
  return {
    label: `$(${severity === 'blocker' ? 'error' : 'warning'}) ${l10n.t(template, { ...args })}`,
    description: '',
  };
}

/** The line of the plan that a problem is about, where its name is that of something there is a choice for. */
export function itemOfProblem(
  { code, args }: RestoreProblem,
  items: readonly RestoreItem[],
): RestoreItem | undefined {
  return items.find(({ what, name }) => code.startsWith(what) && name === args['name']);
}

/** Whether a person has to say what becomes of it. A folder of the host is only ever left out. */
export function isUndecided(item: RestoreItem): boolean {
  return item.reason === 'undecided' && !isHostFolder(item);
}

/** Folders of the host are planned beside volumes, under their paths; no volume's name has a separator. */
export function isHostFolder({ what, name }: RestoreItem): boolean {
  return what === 'volume' && /[\\/]/.test(name);
}

/** Whether the plan can't be carried out as it is. */
export function isBlocked({ problems }: Pick<RestorePlan, 'problems'>): boolean {
  return problems.some(({ severity }) => severity === 'blocker');
}

/** What the plan comes to in one line: `2 to create · 1 to replace · 3 there already · 5.2 MB of 1 GB to send`. */
export function planSummary(
  { items, sending }: Pick<RestorePlan, 'items' | 'sending'>,
  words: Words,
): string {
  const changing = {
    create: words.l10n.t('{count} to create'),
    replace: words.l10n.t('{count} to replace'),
  };
  return [...summary(items, words, changing), ...toSendWords(sending, words)].join(' · ');
}

function toSendWords({ bytes, wholeBytes }: RestorePlan['sending'], { l10n }: Words): readonly string[] {
  if (bytes === 0) return [];
  const [size, whole] = [formatBytes(bytes), formatBytes(wholeBytes)];
  return [
    bytes < wholeBytes
      ? l10n.t('{size} of {whole} to send', { size, whole })
      : l10n.t('{size} to send', { size }),
  ];
}

/** What the restore came to: `2 created · 1 replaced · 3 there already · 5.2 MB sent`. */
export function resultSummary(
  { items, sentBytes }: Pick<RestoreResult, 'items' | 'sentBytes'>,
  words: Words,
): string {
  const changed = {
    create: words.l10n.t('{count} created'),
    replace: words.l10n.t('{count} replaced'),
  };
  const sent = sentBytes === 0 ? [] : [words.l10n.t('{size} sent', { size: formatBytes(sentBytes) })];
  return [...summary(items, words, changed), ...sent].join(' · ');
}

function summary(
  items: readonly RestoreItem[],
  { l10n }: Words,
  changing: Readonly<Record<'create' | 'replace', string>>,
): readonly string[] {
  const texts = { ...changing, keep: l10n.t('{count} there already'), skip: l10n.t('{count} left out') };
  return (['create', 'replace', 'keep', 'skip'] as const).flatMap((action) => {
    const count = items.filter((item) => item.action === action).length;
    return count === 0 ? [] : texts[action].replace('{count}', String(count));
  });
}

/** Where the old one is, of which a replaced thing took the name. */
export function keptWords({ what, name, keptAs }: KeptThing, { l10n }: Words): string {
  return what === 'volume'
    ? l10n.t('What {name} held is kept as the snapshot {keptAs}.', { name, keptAs })
    : l10n.t('The old {name} is kept as {keptAs}.', { name, keptAs });
}

export function itemWord(what: ItemKind, { l10n }: Words): string {
  switch (what) {
    case 'image':
      return l10n.t('image');
    case 'tag':
      return l10n.t('tag');
    case 'network':
      return l10n.t('network');
    case 'volume':
      return l10n.t('volume');
    case 'container':
      return l10n.t('container');
  }
}

const icons: Readonly<Record<RestoreItem['action'], string>> = {
  create: 'add',
  replace: 'replace',
  keep: 'check',
  skip: 'circle-slash',
};

function actionWords(item: RestoreItem, { l10n }: Words): string {
  const { action, reason } = item;
  if (isUndecided(item)) return l10n.t('the name is taken: choose what to do');
  switch (action) {
    case 'create':
      return l10n.t('will be created');
    case 'replace':
      return l10n.t('will be replaced: {how}', { how: replaceWords(item.what, { l10n }) });
    case 'keep':
      return reason === 'same' ? l10n.t('is there already, the same') : l10n.t('is there and stays as it is');
    case 'skip':
      return l10n.t('is left out');
  }
}

/** What becomes of the old one; where it says nothing, nothing is lost. */
export function replaceWords(what: ItemKind, { l10n }: Words): string {
  switch (what) {
    case 'volume':
      return l10n.t('what it holds now becomes a snapshot first');
    case 'tag':
      return l10n.t('the image that has it keeps another name');
    default:
      return l10n.t('the old one stays until the new one stands');
  }
}

export function warningWords({ kind, name, text }: RestoreWarning, { l10n }: Words): string {
  switch (kind) {
    case 'engine':
      return l10n.t('The engine says of {name}: {text}', { name, text });
    case 'notRunning':
      return l10n.t('{name} does not run: {text}', { name, text });
    case 'oldLeft':
      return l10n.t('The old {name} could not be removed: {text}', { name, text });
  }
}
