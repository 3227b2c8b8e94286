/**
 * A process of its own that backs up a container and kills itself at a moment that it was told: after a call that
 * changes something on the engine, or at a step of the vault. Between two of these nothing changes that a crash could
 * leave. Without such a moment it ends well and says how many there were.
 *
 *     node containerBackup.ts VAULT CONTAINER CONSISTENCY [MOMENT]
 */
import { backupContainer } from '../../src/core/backup/backupContainer.ts';
import { unattended } from '../../src/core/progress.ts';
import { openVault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { connectToTests } from './containerBench.ts';
import { watchedEngine } from './watchedEngine.ts';

const [, , path = '', container = '', mode = 'pause', killAt = '0'] = process.argv;
const consistency = mode === 'stop' ? 'stop' : 'pause';
let reached = 0;
const moment = (): void => {
  reached += 1;
  if (reached === Number(killAt)) process.kill(process.pid, 'SIGKILL');
};
const isChange = (call: string): boolean =>
  /\.(pause|unpause|stop|start|commit|create|remove|exec|importRootfs|readArchive|save)$/.test(call);
const watch = (call: string): void => {
  if (isChange(call)) moment();
};

// Blobs are many, and what a crash at one leaves is tried elsewhere; notes and index.json are what counts here.
const steps = new Set(['journal written', 'journal ended', 'index replaced', 'index synced']);
const vault = await openVault(
  { path, access: 'write' },
  {
    steps: {
      reached: (step) => {
        if (steps.has(step)) moment();
      },
    },
  },
);
const engine = watchedEngine(connectToTests(), { after: watch });
const owner = await currentProcess();
await backupContainer(
  { engine, vault, owner },
  { container, consistency, includeBinds: false },
  unattended(),
);
await engine.close();
console.log(String(reached));
