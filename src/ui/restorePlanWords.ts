import type { ItemKind, RestoreItem, RestorePlan } from '../core/restore/restorePlan.ts';
import type { RestoreProblem } from '../core/restore/restoreProblem.ts';
import type { RestoreWarning } from '../core/restore/restoreResult.ts';
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
  const name = isSame ? item.name : `${item.name} → ${item.newName}`;
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

/** What the plan comes to in one line: `2 created, 1 replaced, 3 kept`. */
export function planSummary({ items }: Pick<RestorePlan, 'items'>, { l10n }: Words): string {
  const count = (action: RestoreItem['action']): number =>
    items.filter((item) => item.action === action).length;
  const [created, replaced, kept, skipped] = [
    count('create'),
    count('replace'),
    count('keep'),
    count('skip'),
  ];
  return [
    created === 0 ? '' : l10n.t('{count} to create', { count: created }),
    replaced === 0 ? '' : l10n.t('{count} to replace', { count: replaced }),
    kept === 0 ? '' : l10n.t('{count} there already', { count: kept }),
    skipped === 0 ? '' : l10n.t('{count} left out', { count: skipped }),
  ]
    .filter((part) => part !== '')
    .join(' · ');
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
