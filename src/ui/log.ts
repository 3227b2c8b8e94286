import { inspect } from 'node:util';
import type * as vscode from 'vscode';

/** Where the chain of an error goes. People see one sentence; this has the rest. */
export interface Log {
  info(text: string): void;
  error(text: string, error: unknown): void;
  show(): void;
}

/** Writes to an output channel of VS Code. */
export function channelLog(channel: vscode.LogOutputChannel): Log {
  return {
    info: (text) => {
      channel.info(text);
    },
    error: (text, error) => {
      channel.error(`${text}\n${inspect(error, { depth: 4 })}`);
    },
    show: () => {
      channel.show();
    },
  };
}
