import type { JsonObject } from '../engine/records.ts';
import { DrydockError, failure, reasonOf } from '../errors.ts';
import { staticAddressesOf } from './endpoints.ts';
import { subnetsOf } from './engineState.ts';
import type { PlannedNetwork } from './restorePlan.ts';
import { ifThere, type RestoreRun } from './restoreRun.ts';

/** Makes the networks that are not there. Rejects with `restoreTaken` where one has come to be since the plan. */
export async function makeNetworks(
  { engine, plan, operation: { signal }, undo, warnings }: RestoreRun,
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
    const make = (subnets: JsonObject): Promise<string> =>
      engine.networks.create({
        ...{ name, driver, labels, options, isInternal, isAttachable, isIpv6Enabled },
        ipam: subnets,
      });
    const isFixed = plan.containers.some(({ document }) => staticAddressesOf(document, name).length > 0);
    const id = await make(ipam).catch(async (error: unknown) => {
      // Something else of the engine's host may have the subnet, which nobody tells before.
      const reason = error instanceof DrydockError && error.code === 'engineRefused' ? error.message : '';
      const isTaken = subnetsOf(ipam).some((subnet) => reason.includes(subnet));
      if (!isTaken || isFixed || needsOtherSubnet) throw error;
      const otherId = await make(withoutSubnets(ipam));
      warnings.push({ kind: 'engine', name, text: `made with another subnet: ${reasonOf(error)}` });
      return otherId;
    });
    await undo.made(byName, { kind: 'removeNetwork', name: id });
  }
}

function withoutSubnets(ipam: JsonObject): JsonObject {
  return { ...ipam, Config: [] };
}
