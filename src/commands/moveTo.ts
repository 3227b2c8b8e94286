import * as vscode from 'vscode';
import type { Engine } from '../core/engine/engine.ts';
import type { MoveResult } from '../core/move/executeMove.ts';
import type { Afterwards, MovedThing } from '../core/move/movedThing.ts';
import type { MovePlan } from '../core/move/planMove.ts';
import { pickContainers, pickImages, pickProjects } from '../ui/pickers.ts';
import { keptWords, resultSummary, warningWords } from '../ui/restorePlanWords.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { DrydockNode } from '../views/node.ts';
import { backupTargets } from './backupTargets.ts';
import { askAddress } from './chooseEngine.ts';
import { chooseMovePlan } from './chooseMovePlan.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command, CommandContext } from './context.ts';

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
  const chosen = nodes.length > 0 ? nodes : await pickThings(context, wish.title);
  const things = chosen === undefined ? [] : await thingsAmong(context, chosen);
  if (things.length === 0) return undefined;
  const setting = await chooseTarget(context, wish.title);
  if (setting === undefined) return undefined;
  const target = await context.moves.connect(setting);
  const results: MoveResult[] = [];
  try {
    for (const one of things) {
      const result = await moveOne(context, target, one, wish);
      // Whoever backs out of one, or sees one fail, decides anew about the others.
      if (result === undefined) break;
      results.push(result);
    }
  } finally {
    await target.close();
  }
  return results.length === 0 ? undefined : results;
}

async function moveOne(
  context: CommandContext,
  target: Engine,
  { name, thing }: NamedThing,
  { isMove }: Wish,
): Promise<MoveResult | undefined> {
  const to = target.endpoint;
  const title = isMove
    ? vscode.l10n.t('Move {name} to {to}', { name, to })
    : vscode.l10n.t('Copy {name} to {to}', { name, to });
  const ends = { source: context.engine(), target };
  const plan = await chooseMovePlan({
    ends,
    thing,
    afterwards: isMove ? 'stop' : 'keep',
    title,
    log: context.log,
  });
  if (plan === undefined) return undefined;
  const afterwards = isMove ? await askAfterwards(plan, title) : 'keep';
  if (afterwards === undefined) return undefined;
  const result = await runOperation(context.log, title, {}, async (operation) => {
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
  if (result !== undefined) tellMoved(context, name, to, result);
  return result;
}

/** What becomes of it here; undefined when they back out. */
async function askAfterwards({ made, input }: MovePlan, message: string): Promise<Afterwards | undefined> {
  const removed = [
    ...(input.thing.kind === 'image' ? made.images.flatMap(({ snapshotImage }) => snapshotImage.tags) : []),
    ...made.containers.map(({ document }) => document.name),
    ...made.volumes.filter(({ action }) => action === 'create').map(({ volume }) => volume.document.name),
  ];
  const remove = vscode.l10n.t('Move and Remove Here');
  const leave = vscode.l10n.t('Move, Leave Stopped Here');
  const answer = await vscode.window.showWarningMessage(
    message,
    {
      modal: true,
      detail: vscode.l10n.t('Removed here once it stands there, if you choose so: {names}.', {
        names: removed.join(', '),
      }),
    },
    ...(input.thing.kind === 'image' ? [remove] : [remove, leave]),
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

/** An engine of this machine's contexts, or an address. */
async function chooseTarget(context: CommandContext, title: string): Promise<string | undefined> {
  const here = context.engine().endpoint;
  const choices = (await context.engineChoices()).filter(({ description }) => !description.startsWith(here));
  const other = {
    label: vscode.l10n.t('Another address…'),
    description: 'unix:// tcp:// ssh:// npipe://',
    host: undefined,
  };
  const usual = {
    label: vscode.l10n.t('The engine that the docker command uses'),
    description: '',
    host: '',
  };
  const chosen = await vscode.window.showQuickPick([...choices, usual, other], {
    title,
    placeHolder: vscode.l10n.t('The engine that it goes to'),
    matchOnDescription: true,
  });
  if (chosen === undefined) return undefined;
  return chosen.host ?? (await askAddress('', title));
}

function tellMoved({ log }: CommandContext, name: string, to: string, result: MoveResult): void {
  const { kept, warnings, left } = result;
  const sentence = vscode.l10n.t('{name} stands at {to}, and was checked there ({summary}).', {
    name,
    to,
    summary: resultSummary(result, vscode),
  });
  const notes = [
    ...kept.map((thing) => keptWords(thing, vscode)),
    ...warnings.map((warning) => warningWords(warning, vscode)),
    ...left.map(({ name: leftName, reason }) =>
      vscode.l10n.t('{name} could not be removed here: {reason}', { name: leftName, reason }),
    ),
  ];
  for (const note of notes) log.info(`${name}: ${note}`);
  const isQuiet = warnings.length + left.length === 0;
  const show = isQuiet ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  const showLog = vscode.l10n.t('Show Log');
  void show([sentence, ...notes.slice(0, 3)].join(' '), ...(notes.length > 0 ? [showLog] : [])).then(
    (chosen) => {
      if (chosen === showLog) log.show();
    },
  );
}
