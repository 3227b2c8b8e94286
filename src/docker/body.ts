import type { IncomingMessage } from 'node:http';
import { failure, reasonOf } from '../core/errors.ts';

/** The connection was lost in the middle of a body. */
export class ConnectionCut extends Error {
  readonly readBytes: number;

  constructor(readBytes: number, cause?: unknown) {
    super('the connection was lost', { cause });
    this.name = 'ConnectionCut';
    this.readBytes = readBytes;
  }
}

export interface BodyLimits {
  readonly call: string;
  readonly limitBytes: number;
}

/** A whole body. Rejects with ConnectionCut when it is cut, with `engineGarbled` when it is over the limit. */
export async function readBody(response: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of checkedBody(response)) {
    sizeBytes += chunk.length;
    if (sizeBytes > limits.limitBytes) {
      throw failure('engineGarbled', { call: limits.call, reason: `more than ${limits.limitBytes} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

/** A body's JSON as it stands there. */
export async function readJson(response: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  const text = (await readBody(response, limits)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failure('engineGarbled', { call: limits.call, reason: reasonOf(error).slice(0, 200) }, error);
  }
}

/** The chunks of a body; fails with ConnectionCut unless the body came to its proper end. */
export async function* checkedBody(response: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  let readBytes = 0;
  try {
    for await (const chunk of response) {
      const bytes = chunk as Buffer;
      readBytes += bytes.length;
      yield bytes;
    }
  } catch (error) {
    throw new ConnectionCut(readBytes, error);
  }
  if (!response.complete) throw new ConnectionCut(readBytes);
}
