/** What an operation is busy with. The UI words it. */
export type Phase =
  | 'preparing' // the engine makes the data ready, no byte has come yet
  | 'reading' // bytes come from the engine or from a file
  | 'writing' // bytes go to a file
  | 'checking' // what was written or given is read and compared
  | 'sending' // bytes go to the engine
  | 'stopping' // a container comes to stand still
  | 'finishing'; // the engine works on what it was sent

/** A fact about an operation under way. Sizes are in bytes; `totalBytes` is left out while it is not known. */
export interface ProgressFact {
  readonly phase: Phase;
  readonly item?: string;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
}

/** Where a use case reports facts. The UI makes percent, rate and time left of them. */
export interface ProgressPort {
  report(fact: ProgressFact): void;
}

/** What every long use case is given: the means to be cancelled and to tell how far it is. */
export interface Operation {
  readonly signal: AbortSignal;
  readonly progress: ProgressPort;
}

/** An operation that nobody watches and nobody cancels. */
export function unattended(): Operation {
  return { signal: new AbortController().signal, progress: { report: () => undefined } };
}
