import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { tarEnd, tarHeader, tarPadding } from '../../../src/core/archive/tarWriter.ts';
import { failure } from '../../../src/core/errors.ts';
import { liveFile, type LiveFiles } from '../../../src/core/fileTrees/liveFiles.ts';
import { unattended } from '../../../src/core/progress.ts';
import { failureOf } from '../../support/failureOf.ts';

describe('liveFile', () => {
  /** A link `sub/up` and, by its path, a file of the same name as the one that the link leads to outside. */
  const filesWith = (kind: LiveFiles['kind'], target: string): LiveFiles => ({
    name: 'data',
    kind,
    list: () => Promise.resolve([]),
    refresh: () => undefined,
    open: (path) => {
      const text = Buffer.from('not this one');
      if (path === 'sub/up')
        return Promise.resolve({
          tar: Readable.from([
            tarHeader({ path: 'up', type: 'symlink', linkPath: target, sizeBytes: 0 }),
            tarEnd,
          ]),
          above: 'sub',
        });
      if (path !== 'etc/passwd')
        return Promise.reject(failure('engineNotFound', { kind: 'path', name: path }));
      const file = tarHeader({ path: 'passwd', sizeBytes: text.length });
      return Promise.resolve({
        tar: Readable.from([file, text, tarPadding(text.length), tarEnd]),
        above: 'etc',
      });
    },
  });

  const read = async (files: LiveFiles): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const { data } of liveFile(files, 'sub/up', unattended()))
      for await (const chunk of data) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString();
  };

  it('follows a link in a volume, and none that climbs out of it', async () => {
    assert.equal(await read(filesWith('volume', '../etc/passwd')), 'not this one');
    for (const target of ['../../etc/passwd', '/etc/passwd'])
      assert.equal((await failureOf(read(filesWith('volume', target)))).code, 'pathUnreadable');
  });

  it('follows a link that climbs above the root of a container to the root, as Linux does', async () => {
    assert.equal(await read(filesWith('container', '../../etc/passwd')), 'not this one');
  });
});
