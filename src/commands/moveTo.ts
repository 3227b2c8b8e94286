import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { isCancellation } from '../core/errors.ts';
import type { Engine } from '../core/engine/engine.ts';
import type { MoveResult } from '../core/move/executeMove.ts';
import type { Afterwards, MovedThing } from '../core/move/movedThing.ts';
import type { MoveEnds, MovePlan } from '../core/move/planMove.ts';
import { errorWords } from '../ui/errorWords.ts';
import { pickContainers, pickImages, pickProjects } from '../ui/pickers.ts';
import { itemWord } from '../ui/restorePlanWords.ts';
import { runOperation } from '../ui/runOperation.ts';
import { runWhenSlow } from '../ui/runWhenSlow.ts';
import { shortVolumeName } from '../views/containerItem.ts';
import type { DrydockNode } from '../views/node.ts';
import { backupTargets } from './backupTargets.ts';
import { chooseMovePlan } from './chooseMovePlan.ts';
import { chooseMoveTarget } from './chooseMoveTarget.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command, CommandContext } from './context.ts';
import { tellMoved, type MovedTo } from './tellMoved.ts';

/** Copies what it was started on to another engine; what runs here goes on. */
export const copyTo: Command<'drydock.copyTo'> = (context, ...args) =>
  toEngine(context, chosenNodes(args), { isMove: false, title: vscode.l10n.t('Copy to…') });

/** Moves what it was started on to another engine; here it is stopped, and removed if that is wished. */
export const moveTo: Command<'drydock.moveTo'> = (context, ...args) =>
  toEngine(context, chosenNodes(args), { isMove: true, title: vscode.l10n.t('Move to…') });

interface Wish {
  readonly isMove: boolean;
  readonly title: string;
}

interface NamedThing {
  readonly name: string;
  readonly thing: MovedThing;
}

async function toEngine(
  context: CommandContext,
  nodes: readonly DrydockNode[],
  wish: Wish,
): Promise<readonly MoveResult[] | undefined> {
  // The engine in use may be another one by the time the last of several is moved, with a project of that name too.
  const source = context.engine();
  const chosen = nodes.length > 0 ? nodes : await pickThings(context, wish.title);
  const things = chosen === undefined ? [] : await thingsAmong(context, chosen);
  if (things.length === 0) return undefined;
  const to = await chooseMoveTarget(context, targetTitle(things, wish));
  if (to === undefined) return undefined;
  const target = await context.moves.connect(to.setting);
  const again = (): void => {
    const command = wish.isMove ? 'drydock.moveTo' : 'drydock.copyTo';
    void vscode.commands.executeCommand(command, chosen?.[0], chosen);
  };
  if (!(await isReached(context, target, { title: wish.title, again }))) {
    await target.close();
    return undefined;
  }
  const there = { setting: to.setting, name: to.name ?? target.endpoint };
  const results: MoveResult[] = [];
  try {
    for (const one of things) {
      const result = await moveOne(context, { source, target }, there, one, wish);
      // Whoever backs out of one, or sees one fail, decides anew about the others.
      if (result === undefined) break;
      results.push(result);
    }
  } finally {
    await target.close();
  }
  return results.length === 0 ? undefined : results;
}

/** Whether the engine answers. Where not, that is told, with the way to another one: the engine in use is a matter apart. */
async function isReached(
  { log }: CommandContext,
  target: Engine,
  { title, again }: { readonly title: string; readonly again: () => void },
): Promise<boolean> {
  try {
    await runWhenSlow(title, ({ signal }) => target.info({ signal }));
    return true;
  } catch (error) {
    if (isCancellation(error)) return false;
    log.error(title, error);
    void vscode.window.showErrorMessage(errorWords(error), vscode.l10n.t('Choose Another')).then((chosen) => {
      if (chosen !== undefined) again();
    });
    return false;
  }
}

function targetTitle([first, ...others]: readonly NamedThing[], { isMove, title }: Wish): string {
  if (first === undefined || others.length > 0) return title;
  const { name } = first;
  return isMove ? vscode.l10n.t('Move {name} to…', { name }) : vscode.l10n.t('Copy {name} to…', { name });
}

async function moveOne(
  context: CommandContext,
  ends: MoveEnds,
  to: MovedTo,
  { name, thing }: NamedThing,
  { isMove }: Wish,
): Promise<MoveResult | undefined> {
  const title = isMove
    ? vscode.l10n.t('Move {name} to {to}', { name, to: to.name })
    : vscode.l10n.t('Copy {name} to {to}', { name, to: to.name });
  // An image that is moved goes from here; what becomes of anything else is asked once its plan is agreed to.
  const planned = !isMove ? 'keep' : thing.kind === 'image' ? 'remove' : 'stop';
  const plan = await chooseMovePlan({ ends, thing, afterwards: planned, title, log: context.log });
  if (plan === undefined) return undefined;
  const afterwards = isMove ? await askAfterwards(plan, { name, to: to.name }) : 'keep';
  if (afterwards === undefined) return undefined;
  const result = await runOperation(context.log, title, {}, async (operation) => {
    operation.progress.report({ phase: 'preparing' });
    const [{ executeMove }, { recoverMoves }, { planMove }] = await Promise.all([
      import('../core/move/executeMove.ts'),
      import('../core/move/moveSession.ts'),
      import('../core/move/planMove.ts'),
    ]);
    const notes = await context.moves.notes();
    await recoverMoves({ ...notes, engines: [ends.source, ends.target] }, operation);
    // What is in the way here depends on what becomes of it here.
    const whole =
      afterwards === plan.input.afterwards
        ? plan
        : await planMove(ends, { ...plan.input, afterwards }, operation);
    return executeMove({ ...ends, ...notes }, whole, operation);
  });
  if (result !== undefined) tellMoved(context, { name, to, kind: thing.kind, afterwards }, result);
  return result;
}

/** What becomes of it here; undefined when they back out. */
async function askAfterwards(
  { made, input: { thing }, source }: MovePlan,
  names: { readonly name: string; readonly to: string },
): Promise<Afterwards | undefined> {
  const { hasOwnData } = await import('../core/move/sourceProblems.ts');
  const isImage = thing.kind === 'image';
  const listed = (what: 'container' | 'volume' | 'network', all: readonly string[]): readonly string[] =>
    all.map((name) => `${itemWord(what, vscode)} ${shortVolumeName(name)}`);
  const removed = isImage
    ? made.images.flatMap(({ snapshotImage: { id, tags } }) => (tags.length > 0 ? tags : [shortDigest(id)]))
    : [
        ...listed(
          'container',
          made.containers.map(({ document }) => document.name),
        ),
        ...listed(
          'volume',
          made.volumes.flatMap(({ action, volume: { document } }) =>
            action === 'create' && hasOwnData(document) ? [document.name] : [],
          ),
        ),
        ...listed('network', source.contents.project?.document.networks?.map(({ name }) => name) ?? []),
      ];
  const told = { ...names, names: removed.join(', ') };
  const leave = vscode.l10n.t('Move, Leave Stopped Here');
  const remove = vscode.l10n.t('Move and Remove Here');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Move {name} to {to}?', names),
    {
      modal: true,
      detail: isImage
        ? vscode.l10n.t('Once it was checked at {to}, it is removed here: {names}.', told)
        : vscode.l10n.t(
            'Once it was checked at {to}, it stays here, stopped, or this is removed here: {names}.',
            told,
          ),
    },
    // The first one is what the Enter key does.
    ...(isImage ? [remove] : [leave, remove]),
  );
  if (answer === remove) return 'remove';
  return answer === leave ? 'stop' : undefined;
}

async function thingsAmong(
  context: CommandContext,
  nodes: readonly DrydockNode[],
): Promise<readonly NamedThing[]> {
  const { images, containers, projects } = await backupTargets(context, nodes);
  const [first] = images;
  return [
    ...(first === undefined
      ? []
      : [{ name: first.tags[0] ?? first.id, thing: { kind: 'image', images } as const }]),
    ...containers.map(({ id, name }) => ({ name, thing: { kind: 'container', id } as const })),
    ...projects.map((name) => ({ name, thing: { kind: 'project', name } as const })),
  ];
}

/** From the palette: a kind, then several of it. */
async function pickThings(
  { engine }: CommandContext,
  title: string,
): Promise<readonly DrydockNode[] | undefined> {
  const kinds = [
    { label: vscode.l10n.t('Containers'), detail: vscode.l10n.t('with their volumes'), of: 'container' },
    { label: vscode.l10n.t('Images'), of: 'image' },
    {
      label: vscode.l10n.t('Compose Projects'),
      detail: vscode.l10n.t('with all containers, volumes and networks'),
      of: 'project',
    },
  ];
  const chosen = await vscode.window.showQuickPick(kinds, { title });
  switch (chosen?.of) {
    case 'container':
      return pickContainers(await engine().containers.list(), title);
    case 'image':
      return pickImages(await engine().images.list(), title);
    case 'project':
      return pickProjects(await engine().containers.list(), title);
    default:
      return undefined;
  }
}
