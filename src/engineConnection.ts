import { homedir } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { Engine } from './core/engine/engine.ts';
import { stateFolder } from './core/files/stateFolder.ts';
import { Inventory } from './core/inspect/inventory.ts';
import { systemTimers } from './core/inspect/timers.ts';
import { EngineInUse } from './engineInUse.ts';
import type { Log } from './ui/log.ts';
import { readSetting } from './ui/settings.ts';

/** The engine of this window, and what it is known to have. */
export interface EngineConnection extends Pick<EngineInUse, 'choices' | 'resolve'> {
  readonly inventory: Inventory;
  readonly engine: () => Engine;
  /** Settles when the engine was looked for once. */
  readonly ready: Promise<void>;
  /** Looks for it anew. */
  readonly reconnect: () => Promise<void>;
  /** Where this user's programs keep what belongs to no project. */
  readonly stateFolder: string;
  dispose(): void;
}

/** Looks for the engine that the settings name, now and when they change. Nothing waits for it. */
export function connectEngine(log: Log): EngineConnection {
  const inventory = new Inventory({ timers: systemTimers });
  const around = { env: process.env, home: homedir(), platform: process.platform };
  const engines = new EngineInUse(around, (engine) => {
    log.info(`engine: ${engine.endpoint}`);
    inventory.use(engine);
  });
  const reconnect = (): Promise<void> => engines.connect(readSetting('engine.host'));
  const following = vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration('drydock.engine')) void reconnect();
  });
  return {
    inventory,
    engine: () => engines.current,
    // The window has its turn before what talks to engines is read.
    ready: nextTurn().then(reconnect),
    reconnect,
    choices: () => engines.choices(),
    resolve: (setting) => engines.resolve(setting),
    stateFolder: stateFolder(around),
    dispose: () => {
      following.dispose();
      inventory.dispose();
      void engines.close().catch((error: unknown) => {
        log.error('closing the engine', error);
      });
    },
  };
}
