import { randomBytes } from 'node:crypto';
import type { ImageStore, RegistryLogIn } from '../core/engine/engine.ts';
import { DrydockError, failure, reasonOf } from '../core/errors.ts';
import { checkedBody } from './body.ts';
import { pathOf, type EngineCall, type EngineClient } from './call.ts';
import { translateFault } from './faults.ts';
import { splitName } from './imageName.ts';
import { jsonLines } from './jsonLines.ts';
import { engineMessage, errorIn } from './wire/messages.ts';
import { parseWire } from './wire/parseWire.ts';

type LoggedInCall = EngineCall & { readonly registryAuth: string };

/**
 * What a call to Podman's own API needs to reach a registry as Docker reaches one on loopback: plain http is fine. Once
 * is enough: what does not answer here is not there.
 */
const podmanReach = { tlsVerify: false, retry: 0 };

/** Has the engine push an image. Status 200 only says that it began: what came of it is told line by line. */
export async function pushImage(
  client: EngineClient,
  name: string,
  logIn: RegistryLogIn,
  {
    ref,
    signal = new AbortController().signal,
    onProgress,
  }: NonNullable<Parameters<ImageStore['push']>[2]> = {},
): Promise<void> {
  const isPodman = await client.isPodman(signal);
  const call = isPodman ? podmanPush(ref ?? name, name, logIn) : dockerPush(name, logIn);
  const response = await client.open(call, signal);
  let isSaid = false;
  try {
    for await (const line of jsonLines(checkedBody(response), call.name)) {
      const message = parseWire(engineMessage, line, call.name);
      const failed = errorIn(message);
      if (failed !== undefined) throw failure('engineRefused', { call: call.name, reason: reasonOf(failed) });
      const { current, total } = message.progressDetail ?? {};
      if (message.id && total) onProgress?.({ item: message.id, doneBytes: current ?? 0, totalBytes: total });
      isSaid = true;
    }
  } catch (error) {
    throw translateFault(error, { call: call.name, address: client.address, signal, isChange: true });
  }
  // Podman says nothing of a push that went well.
  if (!isSaid && !isPodman) throw failure('engineGarbled', { call: call.name, reason: 'it says nothing' });
}

/**
 * Has the engine log in. Podman's own call for it reaches no registry without TLS but one that is called `localhost`,
 * which may be somebody else on ::1; so it is asked to pull a tag that nobody has.
 */
export async function checkLogIn(
  client: EngineClient,
  logIn: RegistryLogIn,
  signal = new AbortController().signal,
): Promise<void> {
  const { address, username, password } = logIn;
  if (!(await client.isPodman(signal))) {
    const json = { username, password, serveraddress: address };
    await client.done({ name: 'login', method: 'POST', path: '/auth', json }, signal);
    return;
  }
  const reference = `${address}/drydock:${randomBytes(8).toString('hex')}`;
  const call: LoggedInCall = {
    name: 'login',
    method: 'POST',
    path: '/libpod/images/pull',
    isLibpod: true,
    query: { reference, policy: 'always', quiet: true, ...podmanReach },
    registryAuth: authOf(logIn),
  };
  await client.done(call, signal).catch((error: unknown) => {
    if (!(error instanceof DrydockError && error.code === 'engineRefused')) throw error;
  });
}

function dockerPush(name: string, logIn: RegistryLogIn): LoggedInCall {
  const { repository, tag } = splitName(name);
  return {
    name: 'image push',
    method: 'POST',
    path: pathOf`/images/${repository}/push`,
    query: { tag },
    registryAuth: authOf(logIn),
    subject: { kind: 'image', name },
  };
}

function podmanPush(ref: string, name: string, logIn: RegistryLogIn): LoggedInCall {
  return {
    name: 'image push',
    method: 'POST',
    path: `/libpod${pathOf`/images/${ref.replace(/^sha256:/, '')}/push`}`,
    isLibpod: true,
    query: { destination: name, ...podmanReach },
    registryAuth: authOf(logIn),
    subject: { kind: 'image', name: ref },
  };
}

/** In the alphabet for URLs, and padded: engines take no other. */
function authOf({ address, username, password }: RegistryLogIn): string {
  const auth = JSON.stringify({ username, password, serveraddress: address });
  return Buffer.from(auth).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
