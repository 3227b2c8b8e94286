import type { JsonObject } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { PlannedNetwork } from './restorePlan.ts';
import { ifThere, type RestoreRun } from './restoreRun.ts';

/** Makes the networks that are not there. Rejects with `restoreTaken` where one has come to be since the plan. */
export async function makeNetworks(
  { engine, operation: { signal }, undo }: RestoreRun,
  networks: readonly PlannedNetwork[],
): Promise<void> {
  for (const { network, action, needsOtherSubnet } of networks) {
    if (action !== 'create') continue;
    signal.throwIfAborted();
    const { name, driver, labels, options, isInternal, isAttachable, isIpv6Enabled } = network;
    const ipam = needsOtherSubnet ? withoutSubnets(network.ipam) : network.ipam;
    if ((await ifThere(engine.networks.inspect(name, { signal }))) !== undefined)
      throw failure('restoreTaken', { name });
    const byName = await undo.note({ kind: 'removeNetwork', name });
    // Without the signal: a call that broke off might still be carried out after it was undone.
    const id = await engine.networks.create({
      name,
      driver,
      labels,
      options,
      isInternal,
      isAttachable,
      isIpv6Enabled,
      ipam,
    });
    await undo.made(byName, { kind: 'removeNetwork', name: id });
  }
}

function withoutSubnets(ipam: JsonObject): JsonObject {
  return { ...ipam, Config: [] };
}
