import type { ImageStore } from '../core/engine/engine.ts';
import { failure, reasonOf } from '../core/errors.ts';
import { checkedBody } from './body.ts';
import { pathOf, type EngineClient } from './call.ts';
import { translateFault } from './faults.ts';
import { splitName } from './imageName.ts';
import { jsonLines } from './jsonLines.ts';
import { engineMessage, errorIn } from './wire/messages.ts';
import { parseWire } from './wire/parseWire.ts';

/** Has the engine push an image. Status 200 only says that it began: what came of it is told line by line. */
export async function pushImage(
  client: EngineClient,
  name: string,
  { address, username, password }: Parameters<ImageStore['push']>[1],
  { signal = new AbortController().signal, onProgress }: NonNullable<Parameters<ImageStore['push']>[2]> = {},
): Promise<void> {
  const { repository, tag } = splitName(name);
  const auth = JSON.stringify({ username, password, serveraddress: address });
  const call = {
    name: 'image push',
    method: 'POST',
    path: pathOf`/images/${repository}/push`,
    query: { tag },
    // In the alphabet for URLs, and padded: engines take no other.
    registryAuth: Buffer.from(auth).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
    subject: { kind: 'image', name },
  } as const;
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
  if (!isSaid) throw failure('engineGarbled', { call: call.name, reason: 'it says nothing' });
}
