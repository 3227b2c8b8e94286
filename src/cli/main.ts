#!/usr/bin/env node
/** The command `drydock`. Nothing else is loaded before it is known that this Node can run it. */
import manifest from '../../package.json' with { type: 'json' };
import { isOlder } from './nodeVersion.ts';

const needed = manifest.engines.node.replace('>=', '');

async function main(): Promise<void> {
  if (isOlder(process.versions.node, needed))
    throw new Error(`Node ${needed} or newer is needed; this is ${process.versions.node}.`);
  const { runProcess } = await import('./runProcess.ts');
  await runProcess();
}

main().catch((error: unknown) => {
  process.stderr.write(`drydock: ${error instanceof Error ? error.message : String(error)}\n`, () => {
    process.exit(1);
  });
});
