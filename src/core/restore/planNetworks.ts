import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { CapturedContainer, CapturedNetwork } from '../snapshot/snapshotRecords.ts';
import { staticAddressesOf } from './endpoints.ts';
import { subnetsOf, type EngineState, type KnownNetwork } from './engineState.ts';
import type { PlannedNetwork, RestoreItem } from './restorePlan.ts';
import { problem, type RestoreProblem } from './restoreProblem.ts';

export interface NetworksPlan {
  readonly networks: readonly PlannedNetwork[];
  readonly items: readonly RestoreItem[];
  readonly problems: readonly RestoreProblem[];
}

/**
 * The networks that some containers need, and `more` of their project. One of the name that is there is used as it stands, since others may be in
 * it; one that is not there is made again, with its subnets where they are free.
 */
export function planNetworks(
  documents: readonly CapturedContainer[],
  state: EngineState,
  more: readonly CapturedNetwork[] = [],
): NetworksPlan {
  const wanted = new Map<string, CapturedNetwork>();
  for (const network of [...documents.flatMap(({ networks }) => networks), ...more])
    if (!wanted.has(network.name)) wanted.set(network.name, network);
  const plans = [...wanted.values()].map((network) => planNetwork(network, documents, state));
  return {
    networks: plans.map((plan) => plan.network),
    items: plans.map((plan) => plan.item),
    problems: plans.flatMap((plan) => plan.problems),
  };
}

function planNetwork(
  network: CapturedNetwork,
  documents: readonly CapturedContainer[],
  { info, networks }: EngineState,
): {
  readonly network: PlannedNetwork;
  readonly item: RestoreItem;
  readonly problems: readonly RestoreProblem[];
} {
  const { name, driver } = network;
  const there = networks.find(({ details }) => details.name === name);
  const item = (action: RestoreItem['action'], reason: RestoreItem['reason']): RestoreItem => ({
    what: 'network',
    name,
    newName: name,
    action,
    reason,
  });
  if (network.isPredefined || there !== undefined) {
    const isSame = there === undefined || isSameNetwork(network, there);
    return {
      network: { network, action: 'keep', needsOtherSubnet: false },
      item: item('keep', network.isPredefined ? 'predefined' : isSame ? 'same' : 'taken'),
      problems: network.isPredefined || isSame ? [] : [problem('warning', 'networkDiffers', { name })],
    };
  }
  const problems: RestoreProblem[] = [];
  const { drivers } = info;
  if (drivers?.network !== undefined && !drivers.network.includes(driver))
    problems.push(problem('blocker', 'networkDriverMissing', { name, driver }));
  const clash = clashOf(network, networks);
  if (clash !== undefined) {
    const isFixed = documents.some((document) => staticAddressesOf(document, name).length > 0);
    problems.push(
      isFixed
        ? problem('blocker', 'subnetTaken', { name, ...clash })
        : problem('warning', 'subnetChanged', { name, ...clash }),
    );
  }
  return {
    network: { network, action: 'create', needsOtherSubnet: clash !== undefined },
    item: item('create', 'absent'),
    problems,
  };
}

function isSameNetwork(network: CapturedNetwork, { details, subnets }: KnownNetwork): boolean {
  return (
    details.driver === network.driver &&
    details.isInternal === network.isInternal &&
    [...subnets].sort().join() === [...subnetsOf(network.ipam)].sort().join()
  );
}

/** The first of its subnets that overlaps with one of the engine's. */
function clashOf(
  network: CapturedNetwork,
  known: readonly KnownNetwork[],
): { readonly subnet: string; readonly other: string } | undefined {
  for (const subnet of subnetsOf(network.ipam))
    for (const { details, subnets } of known)
      if (subnets.some((other) => overlap(subnet, other))) return { subnet, other: details.name };
  return undefined;
}

/** Whether two subnets have an address in common: one of them then begins inside the other. */
function overlap(a: string, b: string): boolean {
  return contains(a, addressOf(b)) || contains(b, addressOf(a));
}

function contains(subnet: string, address: string): boolean {
  const start = addressOf(subnet);
  const family = isIPv4(start) ? 'ipv4' : 'ipv6';
  const isComparable = isIPv4(start) ? isIPv4(address) : isIPv6(start) && isIPv6(address);
  const bits = Number.parseInt(subnet.slice(subnet.indexOf('/') + 1), 10);
  if (!isComparable || !(bits >= 0 && bits <= (family === 'ipv4' ? 32 : 128))) return false;
  const list = new BlockList();
  list.addSubnet(start, bits, family);
  return list.check(address, family);
}

function addressOf(subnet: string): string {
  return subnet.split('/')[0] ?? '';
}
