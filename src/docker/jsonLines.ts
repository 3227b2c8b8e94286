import { StringDecoder } from 'node:string_decoder';
import { failure } from '../core/errors.ts';

/** Far above any line an engine writes; a guard against a body without line ends. */
const longestLineBytes = 1024 * 1024;

/**
 * The JSON values of a body that has one on each line, as load, import and events send them. The last line may lack
 * its end; characters may be cut between chunks. Fails with `engineGarbled` on a line that is not JSON or too long.
 */
export async function* jsonLines(
  body: AsyncIterable<Uint8Array>,
  call: string,
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))).split(
      '\n',
    );
    rest = lines.pop() ?? '';
    for (const line of lines) yield* parseLine(line, call);
    if (rest.length > longestLineBytes)
      throw failure('engineGarbled', { call, reason: 'a line without end' });
  }
  yield* parseLine(rest + decoder.end(), call);
}

function* parseLine(line: string, call: string): Generator<unknown, void, undefined> {
  const text = line.trim();
  if (text === '') return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw failure('engineGarbled', { call, reason: `"${text.slice(0, 100)}"` }, error);
  }
  yield value;
}
