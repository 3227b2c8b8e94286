import * as vscode from 'vscode';
import { showFailure } from '../ui/runOperation.ts';
import { commandTable } from './commandTable.ts';
import type { CommandContext } from './context.ts';
import { soundArguments } from './soundArguments.ts';

/** A command whose arguments are as `soundArguments` lets them through. */
type AnyCommand = (context: CommandContext, ...args: never[]) => Promise<unknown>;

/** Registers every command; what one throws is shown and logged. */
export function registerCommands(context: CommandContext): vscode.Disposable {
  const entries: readonly (readonly [string, () => Promise<AnyCommand>])[] = Object.entries(commandTable);
  return vscode.Disposable.from(
    ...entries.map(([id, load]) =>
      vscode.commands.registerCommand(id, async (...args: unknown[]) => {
        try {
          await context.ready;
          const command = await load();
          return await command(context, ...(soundArguments(id, args) as never[]));
        } catch (error) {
          showFailure(context.log, id, error);
          return undefined;
        }
      }),
    ),
  );
}
