import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import promises, { mkdtemp, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BoundedFolder } from '../../../src/core/fileTrees/boundedFolder.ts';

describe('a folder of bounded size', () => {
  let parent: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'drydock-bounded-'));
  });
  afterEach(async () => {
    await rm(parent, { recursive: true, force: true });
  });

  it('may be removed by another window while it is made smaller', async () => {
    const path = join(parent, 'layers');
    const signal = new AbortController().signal;
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(100));
    }
    const folder = new BoundedFolder(path, 250);
    assert.equal(await folder.write('one', bytes(), signal), true);
    const { readdir } = promises;
    const removing = (...args: Parameters<typeof readdir>): ReturnType<typeof readdir> => {
      rmSync(path, { recursive: true });
      return readdir(...args);
    };
    Object.assign(promises, { readdir: removing });
    syncBuiltinESMExports();
    try {
      assert.equal(await folder.write('two', bytes(), signal), true);
    } finally {
      Object.assign(promises, { readdir });
      syncBuiltinESMExports();
    }
    assert.equal(await folder.read('two'), undefined);
    assert.equal(await folder.write('three', bytes(), signal), true);
  });
});
