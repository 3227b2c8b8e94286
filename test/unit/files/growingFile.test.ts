import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterWriting, GrowingFile } from '../../../src/core/files/growingFile.ts';
import { writeDurably } from '../../../src/core/files/writeDurably.ts';
import type { ProgressFact } from '../../../src/core/progress.ts';

const never = new AbortController().signal;

describe('a growing file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-growing-'));
    path = join(folder, 'a');
    await writeFile(path, '');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const append = async (file: GrowingFile, text: string): Promise<void> => {
    await appendFile(path, text);
    file.grow(Buffer.byteLength(text));
  };
  const next = async (bytes: AsyncGenerator<Uint8Array, void>): Promise<string | undefined> => {
    const step = await bytes.next();
    return step.done === true ? undefined : Buffer.from(step.value).toString();
  };

  it('gives what is there, waits for more, and ends only when it is complete', async () => {
    const file = new GrowingFile(path);
    const bytes = file.open(never);
    await append(file, 'one');
    assert.equal(await next(bytes), 'one');
    const second = next(bytes);
    await append(file, 'two');
    assert.equal(await second, 'two');
    const end = next(bytes);
    file.complete();
    assert.equal(await end, undefined);
    assert.equal(file.completeBytes, 6);
  });

  it('never gives bytes that the writer has not announced', async () => {
    const file = new GrowingFile(path);
    await append(file, 'told');
    await appendFile(path, ' not told');
    const bytes = file.open(never);
    assert.equal(await next(bytes), 'told');
    file.complete();
    await assert.rejects(next(bytes), { code: 'archiveChanged' });
  });

  it('fails when the file is shorter than what was written to it', async () => {
    const file = new GrowingFile(path);
    await append(file, 'half');
    file.grow(10);
    file.complete();
    const bytes = file.open(never);
    assert.equal(await next(bytes), 'half');
    await assert.rejects(next(bytes), { code: 'archiveChanged' });
  });

  it('fails its readers with the writer’s reason, also those that wait', async () => {
    const file = new GrowingFile(path);
    const waiting = next(file.open(never));
    file.fail(new Error('the engine broke off'));
    await assert.rejects(waiting, /the engine broke off/);
  });

  it('can be cancelled while it waits', async () => {
    const controller = new AbortController();
    const waiting = next(new GrowingFile(path).open(controller.signal));
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
  });

  it('keeps quiet about reading back until it is written', () => {
    const facts: ProgressFact[] = [];
    const file = new GrowingFile(path);
    const checking = afterWriting(file, { report: (fact) => facts.push(fact) });
    checking.report({ phase: 'checking', doneBytes: 1 });
    file.grow(9);
    file.complete();
    checking.report({ phase: 'checking', doneBytes: 2 });
    assert.deepEqual(facts, [{ phase: 'checking', doneBytes: 2, totalBytes: 9 }]);
  });

  it('is read back while it is written, and a check that fails ends the writing at once', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(Buffer.alloc(1 << 20));
    }
    await assert.rejects(
      writeDurably(
        {
          path: join(folder, 'endless'),
          bytes: endless(),
          replace: false,
          check: async (written) => {
            for await (const chunk of written.open(never)) {
              if (chunk.length > 0) throw new Error('not what it should be');
            }
          },
        },
        never,
      ),
      /not what it should be/,
    );
    assert.deepEqual(await readdir(folder), ['a']);
  });

  it('lets the writer’s failure be the reason when both fail', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(2 << 20));
      throw new Error('the engine broke off');
    }
    await assert.rejects(
      writeDurably(
        {
          path: join(folder, 'broken'),
          bytes: broken(),
          replace: false,
          check: async (written) => {
            try {
              for await (const chunk of written.open(never)) assert.ok(chunk.length > 0);
            } catch (error) {
              throw new Error('the archive is cut off', { cause: error });
            }
          },
        },
        never,
      ),
      /the engine broke off/,
    );
    assert.deepEqual(await readdir(folder), ['a']);
  });
});
