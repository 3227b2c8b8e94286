import * as z from 'zod';
import { prepareContainers, type PreparedContainer } from '../backup/captureContainers.ts';
import type { JsonValue } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { MadeContainer } from '../restore/makeContainers.ts';
import type { MoveRun } from './moveRun.ts';

const object = z.record(
  z.string(),
  z.custom<JsonValue>((value) => value !== undefined),
);

/**
 * Compares what was made on the target with what is here, setting by setting. Of what engines count in ways of their
 * own, such as limits that a kernel may not have, nothing is asked. Rejects with `moveDiffers`.
 */
export async function checkMoved(
  { plan, target, to, operation }: Pick<MoveRun, 'plan' | 'target' | 'to' | 'operation'>,
  made: readonly MadeContainer[],
  volumes: ReadonlyMap<string, string>,
): Promise<void> {
  const here = new Map(plan.source.containers.map((one) => [one.details.id, one]));
  const isSameProduct = plan.source.info.product === plan.made.info.product;
  const ids = made.map(({ id }) => id);
  const there = new Map(
    (await prepareContainers(target, ids, operation)).map((one) => [one.details.id, one]),
  );
  for (const { id, planned } of made) {
    const [found, wanted] = [there.get(id), here.get(planned.document.id)];
    if (found === undefined || wanted === undefined) continue;
    const [expected, seen] = [factsOf(wanted, volumes), factsOf(found, new Map())];
    for (const [setting, value] of Object.entries(expected)) {
      if (!isSameProduct && !everyProduct.has(setting)) continue;
      if (value !== seen[setting]) throw failure('moveDiffers', { name: planned.name, to, what: setting });
    }
  }
}

const everyProduct: ReadonlySet<string> = new Set(['Cmd', 'User', 'WorkingDir', 'mounts']);
const ownSettings = ['Cmd', 'Entrypoint', 'Env', 'User', 'WorkingDir', 'Labels', 'Healthcheck', 'StopSignal'];
const hostSettings = ['RestartPolicy', 'PortBindings', 'Privileged', 'CapAdd', 'CapDrop', 'ReadonlyRootfs'];

function factsOf(
  { createBody, details }: PreparedContainer,
  volumes: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  const host = object.catch({}).parse(createBody['HostConfig']);
  const networking = object.catch({}).parse(createBody['NetworkingConfig']);
  const endpoints = object.catch({}).parse(networking['EndpointsConfig']);
  const mounts = details.mounts.map(({ type, name = '', source, target, isReadOnly }) =>
    JSON.stringify([
      type,
      type === 'volume' ? (volumes.get(name) ?? name) : type === 'bind' ? source : '',
      target,
      isReadOnly,
    ]),
  );
  return {
    ...Object.fromEntries(ownSettings.map((key) => [key, inOrder(createBody[key])])),
    // A Podman says so where nothing was said.
    ...(createBody['WorkingDir'] === '/' && { WorkingDir: '' }),
    ...Object.fromEntries(hostSettings.map((key) => [key, inOrder(host[key])])),
    networks: Object.keys(endpoints).sort().join(),
    mounts: mounts.sort().join(),
  };
}

/** The same text for the same settings; nothing, null and what is empty are one. */
function inOrder(value: JsonValue | undefined): string {
  if (value === undefined || value === null || value === '' || value === false) return '';
  if (Array.isArray(value)) return value.length === 0 ? '' : JSON.stringify(value.map(inOrder));
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, one]) => [key, inOrder(one)] as const);
  const told = entries.filter(([, one]) => one !== '').sort(([a], [b]) => (a < b ? -1 : 1));
  return told.length === 0 ? '' : JSON.stringify(told);
}
