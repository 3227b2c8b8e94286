/** Moments at which a crash leaves something different behind; README.md says what. */
export type VaultStep =
  | 'partial opened'
  | 'partial written'
  | 'partial synced'
  | 'blob named'
  | 'blob synced'
  | 'blob removed'
  | 'index read'
  | 'index replaced'
  | 'index synced'
  | 'lock written'
  | 'journal written'
  | 'journal ended';

/** Told of each step as it is reached; tests kill the process there. */
export interface VaultSteps {
  reached(step: VaultStep): void;
}

/** What everyone but a test of crashes gives. */
export const unwatched: VaultSteps = { reached: () => undefined };
