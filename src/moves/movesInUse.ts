import type * as vscode from 'vscode';
import type { Engine } from '../core/engine/engine.ts';
import type { Inventory } from '../core/inspect/inventory.ts';
import type { MoveNotes } from '../core/move/moveSession.ts';
import { errorWords } from '../ui/errorWords.ts';
import type { Log } from '../ui/log.ts';

interface MovesDeps {
  readonly inventory: Inventory;
  readonly engine: () => Engine;
  readonly log: Log;
  /** See `stateFolder`. */
  readonly folder: string;
  /** Another engine, by what the setting `engine.host` takes. */
  readonly connect: (setting: string) => Promise<Engine>;
}

/** Moves from the engine in use to others, and what such a move left when its window or process was killed. */
export class MovesInUse {
  readonly #deps: MovesDeps;
  readonly #listener: Pick<vscode.Disposable, 'dispose'>;
  #recovered: Engine | undefined;

  constructor(deps: MovesDeps) {
    this.#deps = deps;
    this.#listener = deps.inventory.onDidChange(() => void this.#recover());
  }

  connect(setting: string): Promise<Engine> {
    return this.#deps.connect(setting);
  }

  async notes(): Promise<MoveNotes> {
    const { currentProcess } = await import('../core/vault/processIdentity.ts');
    return { folder: this.#deps.folder, owner: await currentProcess() };
  }

  dispose(): void {
    this.#listener.dispose();
  }

  /** Each time that this window gets to an engine: a switch to another one breaks off a move, undoing included. What concerns the other engine of such a move is put right by the next one. */
  async #recover(): Promise<void> {
    const { inventory, log } = this.#deps;
    if (inventory.state.kind !== 'ready') return;
    const engine = this.#deps.engine();
    if (this.#recovered === engine) return;
    this.#recovered = engine;
    try {
      const { recoverMoves } = await import('../core/move/moveSession.ts');
      const operations = await recoverMoves({ ...(await this.notes()), engines: [engine] });
      for (const { head, left } of operations) {
        log.info(`a move that was interrupted: ${head?.subject ?? ''}, ${left.length} notes left`);
        for (const { error } of left) if (error !== undefined) log.error('could not be put right', error);
      }
    } catch (error) {
      log.error(`recovering moves: ${errorWords(error)}`, error);
    }
  }
}
