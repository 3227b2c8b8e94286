import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { formatBytes } from '../core/quantity.ts';
import { loadArchive as load, type LoadedArchive } from '../core/restore/loadArchive.ts';
import { planLoad, type LoadPlan } from '../core/restore/planLoad.ts';
import { pickArchives } from '../ui/pickArchives.ts';
import type { Log } from '../ui/log.ts';
import { runOperation } from '../ui/runOperation.ts';
import { askAboutTags } from './askAboutTags.ts';
import type { Command, CommandContext } from './context.ts';

/** Checks archives as a whole, says which tags will move, loads them and looks at the engine before it says done. */
export const loadArchive: Command<'drydock.loadArchive'> = async (context, file, selected) => {
  const files = selected ?? (file === undefined ? undefined : [file]);
  const paths = files?.map(({ fsPath }) => fsPath) ?? (await pickArchives(vscode.l10n.t('Load Archive')));
  const results: LoadedArchive[] = [];
  for (const path of paths ?? []) {
    const loaded = await loadOne(context, path);
    if (loaded === undefined) break;
    results.push(loaded);
  }
  return results;
};

/** Under one notification, for VS Code holds back a fourth one that comes within a second: that would be the result. */
async function loadOne(context: CommandContext, path: string): Promise<LoadedArchive | undefined> {
  const engine = context.engine();
  const name = path.split(/[\\/]/).at(-1) ?? path;
  const done = await runOperation(
    context.log,
    vscode.l10n.t('Loading {name}', { name }),
    { checking: [0, 40], sending: [40, 100] },
    async (operation) => {
      const plan = await planLoad({ engine }, { path }, operation);
      const keepAs = await askAboutTags(engine, plan.archive.name, plan);
      if (keepAs === undefined) return undefined;
      return { plan, loaded: await load({ engine }, { plan, keepAs }, operation) };
    },
  );
  if (done !== undefined) tellLoaded(context.log, name, done.plan, done.loaded);
  return done?.loaded;
}

function tellLoaded(log: Log, name: string, plan: LoadPlan, loaded: LoadedArchive): void {
  const { images, remarks, sentBytes, sentAgain } = loaded;
  const platforms = plan.leftOut.map(({ platform }) => `${platform.os}/${platform.architecture}`);
  const leftOut =
    platforms.length === 0 ? [] : [`left out, since this engine keeps one platform: ${platforms.join(', ')}`];
  const notes = [
    ...leftOut,
    ...plan.archive.remarks.map(({ text }) => text),
    ...remarks,
    `sent ${formatBytes(sentBytes)} of ${formatBytes(plan.sending.wholeBytes)}`,
    ...(sentAgain === undefined ? [] : [`sent whole, since the engine did not take a part: ${sentAgain}`]),
  ];
  for (const note of notes) log.info(`${name}: ${note}`);
  const names = images.flatMap(({ tags, id }) => (tags.length > 0 ? tags : [shortDigest(id)]));
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  const allThere = images.every(({ wasThere }) => wasThere);
  const sentence = allThere
    ? vscode.l10n.t('Loaded and verified: {names}. The engine had these images already.', { names: shown })
    : vscode.l10n.t('Loaded and verified: {names} from {file}.', { names: shown, file: name });
  const about =
    platforms.length === 0
      ? sentence
      : `${sentence} ${vscode.l10n.t('Left out, since this engine keeps one platform of an image: {platforms}.', { platforms: platforms.join(', ') })}`;
  void vscode.window.showInformationMessage(about);
}
