import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { networkInterfaces } from 'node:os';

const run = promisify(execFile);

/** A network bridge for one engine, with a subnet that no interface of this machine has yet. */
export async function createBridge(name: string): Promise<void> {
  await removeBridge(name);
  await run('ip', ['link', 'add', name, 'type', 'bridge']);
  await run('ip', ['address', 'add', `${freeSubnet(name)}.1/24`, 'dev', name]);
  await run('ip', ['link', 'set', name, 'up']);
}

/** Removes the bridge; that there is none is fine. */
export async function removeBridge(name: string): Promise<void> {
  if (!(await exists(name))) return;
  await run('ip', ['link', 'delete', name]);
}

async function exists(name: string): Promise<boolean> {
  try {
    await run('ip', ['link', 'show', name]);
    return true;
  } catch (error) {
    // ip ends with 1 for a device that does not exist; anything else (no ip, no right) is a failure.
    if ((error as { code?: unknown }).code === 1) return false;
    throw error;
  }
}

function freeSubnet(name: string): string {
  const taken = Object.values(networkInterfaces())
    .flat()
    .flatMap((address) => (address ? [address.address.split('.').slice(0, 3).join('.')] : []));
  const start = createHash('sha256').update(name).digest().readUInt16BE(0);
  for (let step = 0; step < 4096; step++) {
    const number = (start + step) % 4096;
    const subnet = `10.${208 + Math.floor(number / 256)}.${number % 256}`;
    if (!taken.includes(subnet)) return subnet;
  }
  throw new Error('No free subnet for the bridge of an engine.');
}
