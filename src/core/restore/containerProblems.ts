import type { Engine } from '../engine/engine.ts';
import type { ContainerSummary } from '../engine/records.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { hostConfigOf, inspectedHostConfig, modeReference, type HostConfig } from './capturedBody.ts';
import { staticAddressesOf } from './endpoints.ts';
import type { EngineState } from './engineState.ts';
import { platformText } from './planImages.ts';
import { bodyFor } from './podmanBody.ts';
import type { PlannedContainer, ReplacedContainer } from './restorePlan.ts';
import { problem, type RestoreProblem } from './restoreProblem.ts';
import { ifThere } from './restoreRun.ts';

/**
 * What this engine can't give a container, or can't tell. `gone` are containers that will make room by then,
 * `isLeftOut` tells volumes that are not to be restored.
 */
export function containerProblems(
  container: PlannedContainer,
  state: EngineState,
  gone: ReadonlySet<string>,
  isLeftOut: (volume: string) => boolean,
): readonly RestoreProblem[] {
  const { document, name } = container;
  const config = hostConfigOf({
    ...document,
    createBody: bodyFor(state.info.product, document.createBody),
  });
  // What only matters while it runs does not stand in the way of one that stays stopped.
  const whenStarted = container.state === 'created' ? 'warning' : 'blocker';
  const others = state.containers.filter(({ id }) => !gone.has(id));
  return [
    ...platformProblems(container, state),
    ...driverProblems(name, config, state),
    ...takenPorts(config, others).map(({ port, other }) =>
      problem(whenStarted, 'portTaken', { name, port, other }),
    ),
    ...takenAddresses(container, state, gone).map((taken) =>
      problem(whenStarted, 'addressTaken', { name, ...taken }),
    ),
    ...document.mounts
      .filter(({ type }) => type === 'bind')
      .map(({ source }) => problem('warning', 'bindUnchecked', { name, path: source })),
    ...document.mounts
      .filter(({ type }) => type === 'volume')
      .filter((mount) => !state.volumes.some((volume) => volume.name === mount.name))
      .flatMap(({ isIncluded, name: volume }) => {
        if (!isIncluded) return [problem('warning', 'volumeNotIncluded', { name, volume })];
        return isLeftOut(volume) ? [problem('warning', 'volumeLeftOut', { name, volume })] : [];
      }),
  ];
}

/** Containers that run in a namespace of one that is replaced: it ends with that one, and no engine gives them another. */
export async function cutOffProblems(
  { containers: stores }: Engine,
  replaced: readonly ReplacedContainer[],
  { containers }: EngineState,
  cancel: CancelOptions,
): Promise<readonly RestoreProblem[]> {
  if (replaced.length === 0) return [];
  const problems: RestoreProblem[] = [];
  for (const { id, names, state } of containers) {
    if (replaced.some((one) => one.id === id) || !['running', 'paused', 'restarting'].includes(state))
      continue;
    const { NetworkMode, IpcMode, PidMode } = inspectedHostConfig(
      (await ifThere(stores.inspect(id, cancel)))?.raw,
    );
    const owners = [NetworkMode, IpcMode, PidMode].map((mode) => modeReference(mode)?.to);
    for (const { id: ownerId, name } of replaced)
      if (owners.includes(ownerId) || owners.includes(name))
        problems.push(problem('warning', 'namespaceShared', { name, other: names[0] ?? id }));
  }
  return problems;
}

function platformProblems(
  { image, name }: PlannedContainer,
  { info }: EngineState,
): readonly RestoreProblem[] {
  const platforms = image.manifests.map(({ platform }) => platform);
  if (platforms.length === 0 || platforms.some(({ os }) => os === info.platform.os)) return [];
  return [
    problem('blocker', 'platformDiffers', {
      name,
      platform: platforms.map(platformText).join(', '),
      engine: platformText(info.platform),
    }),
  ];
}

function driverProblems(
  name: string,
  { Runtime, LogConfig, Devices, DeviceRequests }: HostConfig,
  { info }: EngineState,
): readonly RestoreProblem[] {
  const problems: RestoreProblem[] = [];
  const { drivers = {} } = info;
  if (Runtime && drivers.runtime && !drivers.runtime.includes(Runtime))
    problems.push(problem('blocker', 'runtimeMissing', { name, runtime: Runtime }));
  const driver = LogConfig?.Type;
  // `none` is no driver, and engines don't list it.
  if (driver && driver !== 'none' && drivers.log && !drivers.log.includes(driver))
    problems.push(problem('blocker', 'logDriverMissing', { name, driver }));
  for (const { PathOnHost } of Devices ?? [])
    problems.push(problem('warning', 'deviceUnchecked', { name, device: PathOnHost }));
  if ((DeviceRequests ?? []).length > 0)
    problems.push(problem('warning', 'deviceUnchecked', { name, device: 'GPU' }));
  return problems;
}

function takenPorts(
  { PortBindings }: HostConfig,
  others: readonly ContainerSummary[],
): readonly { readonly port: string; readonly other: string }[] {
  const taken: { port: string; other: string }[] = [];
  for (const [target, bindings] of Object.entries(PortBindings ?? {})) {
    const protocol = target.split('/')[1] ?? 'tcp';
    for (const { HostIp, HostPort } of bindings ?? []) {
      const wanted = Number.parseInt(HostPort, 10);
      const holder = others.find(({ ports }) =>
        ports.some(
          (port) =>
            port.hostPort === wanted && port.protocol === protocol && shareAddress(port.hostIp ?? '', HostIp),
        ),
      );
      if (holder !== undefined)
        taken.push({ port: `${HostPort}/${protocol}`, other: holder.names[0] ?? holder.id });
    }
  }
  return taken;
}

/** Whether two listeners can't have the same port: every address is one of "any". */
function shareAddress(a: string, b: string): boolean {
  const isAny = (address: string): boolean => ['', '0.0.0.0', '::'].includes(address);
  return isAny(a) || isAny(b) || a === b;
}

function takenAddresses(
  { document }: PlannedContainer,
  { networks, containers }: EngineState,
  gone: ReadonlySet<string>,
): readonly { readonly address: string; readonly network: string; readonly other: string }[] {
  const leaving = new Set(containers.filter(({ id }) => gone.has(id)).flatMap(({ names }) => names));
  return networks.flatMap(({ details: { name: network }, addresses }) =>
    staticAddressesOf(document, network).flatMap((address) => {
      const other = addresses.get(address);
      return other === undefined || leaving.has(other) ? [] : [{ address, network, other }];
    }),
  );
}
