import * as vscode from 'vscode';
import type { Engine } from '../core/engine/engine.ts';
import type { ItemChoice, RestoreChoices, RestoreItem, RestorePlan } from '../core/restore/restorePlan.ts';
import type { SnapshotContents } from '../core/snapshot/snapshot.ts';
import type { Vault } from '../core/vault/layout.ts';
import {
  isBlocked,
  isHostFolder,
  isUndecided,
  itemLine,
  itemOfProblem,
  itemWord,
  planSummary,
  problemLine,
  replaceWords,
  type PlanLine,
} from '../ui/restorePlanWords.ts';

export interface PlanInput {
  readonly engine: Engine;
  readonly vault: Vault;
  readonly contents: SnapshotContents;
  readonly title: string;
  /** Looks at each plan before it is shown; what it throws ends it. */
  readonly check?: (plan: RestorePlan) => Promise<void>;
}

/** A plan that people change until they agree, and how it is shown. */
export interface PlanToAgreeOn<P> {
  readonly title: string;
  /** With the icon in front. */
  readonly go: string;
  readonly blocked: string;
  /** What is put behind a name to propose a new one. */
  readonly suffix: string;
  /** Makes the plan for what was chosen so far; undefined where it can't be made, which was shown. */
  readonly make: (choices: RestoreChoices) => Promise<P | undefined>;
  readonly shown: (plan: P) => RestorePlan;
  /** Left out where no parts of it can be chosen. */
  readonly askParts?: () => Promise<RestoreChoices>;
  /** Lines that say more of it. */
  readonly notes?: (plan: P) => readonly PlanLine[];
  /** What is said of one thing in place of the usual words. */
  readonly describe?: (plan: P, item: RestoreItem) => string | undefined;
  /** Where volumes that are there are never replaced. */
  readonly keepsVolumes?: boolean;
}

type PlanAnswer =
  | { readonly kind: 'restore' | 'parts' | 'start' | 'nothing' }
  | { readonly kind: 'item'; readonly item: RestoreItem };

/**
 * Shows what a restore would do and lets a person change it until they agree. Resolves with the plan they agreed to,
 * undefined when they back out.
 */
export async function chooseRestorePlan(input: PlanInput): Promise<RestorePlan | undefined> {
  const { planRestore } = await import('../core/restore/planRestore.ts');
  return agreeOnPlan({
    title: input.title,
    go: vscode.l10n.t('$(debug-restart) Restore Now'),
    blocked: vscode.l10n.t('$(error) This can’t be restored yet'),
    suffix: '-restored',
    make: async (choices) => {
      const plan = await planRestore(input, { contents: input.contents, choices });
      await input.check?.(plan);
      return plan;
    },
    shown: (plan) => plan,
    askParts: () => askParts(input),
  });
}

/** Resolves with the plan that was agreed to; undefined when the person backs out, or it can't be made. */
export async function agreeOnPlan<P>(to: PlanToAgreeOn<P>): Promise<P | undefined> {
  let choices: RestoreChoices = {};
  for (;;) {
    const plan = await to.make(choices);
    if (plan === undefined) return undefined;
    const answer = await showPlan(to.shown(plan), choices, {
      ...to,
      notes: to.notes?.(plan) ?? [],
      describe: (item) => to.describe?.(plan, item),
    });
    switch (answer?.kind) {
      case undefined:
        return undefined;
      case 'restore':
        return plan;
      case 'start':
        choices = { ...choices, start: choices.start === false };
        break;
      case 'parts':
        choices = { ...choices, ...(await to.askParts?.()) };
        break;
      case 'item':
        choices = withChoice(choices, await askItem(answer.item, to));
        break;
      case 'nothing':
        break;
    }
  }
}

interface PlanChoice extends vscode.QuickPickItem {
  readonly answer: PlanAnswer;
}

interface PlanWords extends Pick<PlanToAgreeOn<never>, 'title' | 'go' | 'blocked' | 'askParts'> {
  readonly notes: readonly PlanLine[];
  readonly describe: (item: RestoreItem) => string | undefined;
}

/** Shows a plan once. Resolves with what was chosen, undefined when they back out. */
async function showPlan(
  plan: RestorePlan,
  choices: RestoreChoices,
  words: PlanWords,
): Promise<PlanAnswer | undefined> {
  const nothing: PlanAnswer = { kind: 'nothing' };
  const blocked = isBlocked(plan);
  const go: PlanChoice = blocked
    ? {
        label: words.blocked,
        description: vscode.l10n.t('look at the lines below'),
        answer: nothing,
      }
    : {
        label: words.go,
        description: planSummary(plan, vscode),
        answer: { kind: 'restore' },
      };
  const { containers, volumes, project } = plan.contents;
  const options: PlanChoice[] = [
    ...(words.askParts !== undefined && (project !== undefined || containers.length + volumes.length > 1)
      ? [{ label: vscode.l10n.t('$(list-selection) Choose Parts…'), answer: { kind: 'parts' } as const }]
      : []),
    ...(containers.length > 0
      ? [
          {
            label:
              choices.start === false
                ? vscode.l10n.t('$(debug-stop) Containers stay stopped')
                : vscode.l10n.t('$(play) Containers that ran are started'),
            description: vscode.l10n.t('choose to change'),
            answer: { kind: 'start' } as const,
          },
        ]
      : []),
  ];
  const answerOn = (item: RestoreItem | undefined): PlanAnswer =>
    item !== undefined && canChange(item) ? { kind: 'item', item } : nothing;
  const itemChoice = (item: RestoreItem): PlanChoice => {
    const line = itemLine(item, vscode);
    return { ...line, description: words.describe(item) ?? line.description, answer: answerOn(item) };
  };
  // What is undecided says so in its own line, which is the one to choose.
  const problems = plan.problems.flatMap((problem): readonly PlanChoice[] => {
    const item = itemOfProblem(problem, plan.items);
    if (item !== undefined && isUndecided(item)) return [];
    return [{ ...problemLine(problem, vscode), answer: answerOn(item) }];
  });
  const lines: PlanChoice[] = [
    go,
    ...plan.items.filter(isUndecided).map(itemChoice),
    ...problems,
    ...options,
    ...words.notes.map((line) => ({ ...line, answer: nothing })),
    ...plan.items.filter((item) => !isUndecided(item)).map(itemChoice),
  ];
  const chosen = await vscode.window.showQuickPick(lines, {
    title: words.title,
    placeHolder: lines.some(({ answer }) => answer.kind !== 'restore' && answer.kind !== 'nothing')
      ? vscode.l10n.t('What will happen; choose a line to change it')
      : vscode.l10n.t('What will happen'),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return chosen?.answer;
}

function canChange(item: RestoreItem): boolean {
  const { what, reason } = item;
  if (isHostFolder(item)) return false;
  return (what === 'container' || what === 'volume' || what === 'tag') && reason !== 'same';
}

/** Asks what is to become of one thing. `suffix` is what its new name is proposed with. */
async function askItem(
  item: RestoreItem,
  { title, suffix, keepsVolumes }: Pick<PlanToAgreeOn<never>, 'title' | 'suffix' | 'keepsVolumes'>,
): Promise<ItemChoice | undefined> {
  const { what, name } = item;
  const choices: readonly (vscode.QuickPickItem & { readonly action: ItemChoice['action'] })[] = [
    ...(keepsVolumes === true && what === 'volume'
      ? []
      : [
          {
            label: vscode.l10n.t('Replace'),
            detail: replaceWords(what, vscode),
            action: 'replace' as const,
          },
        ]),
    ...(what === 'tag' ? [] : [{ label: vscode.l10n.t('Another Name…'), action: 'rename' as const }]),
    ...(what === 'container'
      ? []
      : [{ label: vscode.l10n.t('Keep What Is There'), action: 'keep' as const }]),
    { label: vscode.l10n.t('Leave Out'), action: 'skip' },
  ];
  const chosen = await vscode.window.showQuickPick(choices, {
    title,
    placeHolder: `${itemWord(what, vscode)} ${name}`,
    ignoreFocusOut: true,
  });
  if (chosen === undefined) return undefined;
  if (chosen.action !== 'rename') return { what, name, action: chosen.action };
  const newName = await vscode.window.showInputBox({
    title,
    value: `${name}${suffix}`,
    prompt: vscode.l10n.t('New name'),
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^[a-zA-Z0-9][\w.-]{0,200}$/.test(text.trim())
        ? undefined
        : vscode.l10n.t('Use letters, digits, “_”, “.” and “-”'),
  });
  return newName === undefined ? undefined : { what, name, action: 'rename', newName: newName.trim() };
}

/** The choices, with one changed. */
function withChoice(choices: RestoreChoices, choice: ItemChoice | undefined): RestoreChoices {
  if (choice === undefined) return choices;
  const others = (choices.items ?? []).filter(
    ({ what, name }) => what !== choice.what || name !== choice.name,
  );
  return { ...choices, items: [...others, choice] };
}

/** Services of a project, else containers and volumes. All of them means no choice. */
async function askParts({ contents, title }: PlanInput): Promise<Pick<RestoreChoices, 'only'>> {
  const services = contents.project?.document.services ?? [];
  const parts = [
    ...services.map(({ name, containers }) => ({
      label: name,
      description: containers.join(', '),
      part: { kind: 'services', name } as const,
    })),
    ...(services.length > 0
      ? []
      : contents.containers.map(({ document: { name } }) => ({
          label: name,
          description: vscode.l10n.t('container'),
          part: { kind: 'containers', name } as const,
        }))),
    ...contents.volumes
      .filter(({ document }) => document.kind === 'volume')
      .map(({ document: { name } }) => ({
        label: name,
        description: vscode.l10n.t('volume'),
        part: { kind: 'volumes', name } as const,
      })),
  ];
  const chosen = await vscode.window.showQuickPick(parts, {
    title,
    canPickMany: true,
    placeHolder: vscode.l10n.t('Choose the parts to restore; what they need comes along'),
    ignoreFocusOut: true,
  });
  if (chosen === undefined || chosen.length === 0 || chosen.length === parts.length) return {};
  const named = (kind: string): readonly string[] =>
    chosen.filter(({ part }) => part.kind === kind).map(({ part }) => part.name);
  return {
    only: { services: named('services'), containers: named('containers'), volumes: named('volumes') },
  };
}
