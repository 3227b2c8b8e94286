import { join } from 'node:path';
import { userFolder, type Surroundings } from './userFolder.ts';

/** Where the CLI and the extension find each other's notes on moves. */
export function stateFolder(around: Surroundings): string {
  return join(userFolder('state', around), 'moves');
}
