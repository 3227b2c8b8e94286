import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireRoom } from '../../../src/core/files/requireRoom.ts';
import { writeDurably } from '../../../src/core/files/writeDurably.ts';

const never = new AbortController().signal;

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

describe('writing a file durably', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-write-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('gives the whole file its name and leaves nothing else', async () => {
    await writeDurably({ path: join(folder, 'a'), bytes: pieces('one', 'two'), replace: false }, never);
    assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'onetwo');
    assert.deepEqual(await readdir(folder), ['a']);
  });

  it('refuses a name that exists, and leaves what is there alone', async () => {
    await writeFile(join(folder, 'a'), 'old');
    await assert.rejects(
      writeDurably({ path: join(folder, 'a'), bytes: pieces('new'), replace: false }, never),
      {
        code: 'fileExists',
      },
    );
    assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'old');
    assert.deepEqual(await readdir(folder), ['a']);
  });

  it('replaces only when the new file stands', async () => {
    await writeFile(join(folder, 'a'), 'old');
    await assert.rejects(
      writeDurably(
        {
          path: join(folder, 'a'),
          bytes: pieces('new'),
          replace: true,
          check: () => Promise.reject(new Error('not what it should be')),
        },
        never,
      ),
      /not what it should be/,
    );
    assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'old');
    await writeDurably({ path: join(folder, 'a'), bytes: pieces('new'), replace: true }, never);
    assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'new');
    assert.deepEqual(await readdir(folder), ['a']);
  });

  it('shows the check the bytes under a name that is not yet the file’s', async () => {
    const seen: string[] = [];
    const path = join(folder, 'a');
    await writeDurably(
      {
        path,
        bytes: pieces('x'),
        replace: false,
        check: async (written) => {
          for await (const chunk of written.open(never)) seen.push(Buffer.from(chunk).toString());
          seen.push(String((await readdir(folder)).includes('a')));
        },
      },
      never,
    );
    assert.deepEqual(seen, ['x', 'false']);
  });

  it('leaves nothing behind when the bytes break off', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* pieces('half');
      throw new Error('cut');
    }
    await assert.rejects(
      writeDurably({ path: join(folder, 'a'), bytes: broken(), replace: false }, never),
      /cut/,
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('leaves nothing behind when it is cancelled in the middle', async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let count = 0; ; count += 1) {
        if (count === 5) controller.abort();
        yield* pieces('x'.repeat(1000));
      }
    }
    await assert.rejects(
      writeDurably({ path: join(folder, 'a'), bytes: endless(), replace: false }, controller.signal),
      { name: 'AbortError' },
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('leaves nothing behind when it is cancelled during the check', async () => {
    const controller = new AbortController();
    const check = (): Promise<void> => {
      controller.abort();
      return Promise.resolve();
    };
    await assert.rejects(
      writeDurably({ path: join(folder, 'a'), bytes: pieces('x'), replace: false, check }, controller.signal),
      { name: 'AbortError' },
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('names the folder that is missing', async () => {
    const path = join(folder, 'none', 'a');
    await assert.rejects(writeDurably({ path, bytes: pieces('x'), replace: false }, never), {
      code: 'folderMissing',
    });
  });

  it('says so when a folder has the name', async () => {
    await mkdir(join(folder, 'a'));
    await assert.rejects(
      writeDurably({ path: join(folder, 'a'), bytes: pieces('x'), replace: true }, never),
      {
        code: 'fileUnusable',
      },
    );
    assert.deepEqual(await readdir(folder), ['a']);
  });

  it('refuses when the disk has not that much room', async () => {
    await requireRoom(folder, 1);
    await assert.rejects(requireRoom(folder, Number.MAX_SAFE_INTEGER), { code: 'diskFull' });
  });
});
