import * as vscode from 'vscode';
import { showFailure } from '../ui/runOperation.ts';
import { commandTable } from './commandTable.ts';
import type { CommandContext } from './context.ts';

/** A command whose arguments are checked by nobody: VS Code passes on what the caller gave. */
type AnyCommand = (context: CommandContext, ...args: never[]) => Promise<unknown>;

/** Registers every command; what one throws is shown and logged. */
export function registerCommands(context: CommandContext): vscode.Disposable {
  const entries: readonly (readonly [string, AnyCommand])[] = Object.entries(commandTable);
  return vscode.Disposable.from(
    ...entries.map(([id, command]) =>
      vscode.commands.registerCommand(id, async (...args: never[]) => {
        try {
          await context.ready;
          return await command(context, ...args);
        } catch (error) {
          showFailure(context.log, id, error);
          return undefined;
        }
      }),
    ),
  );
}
