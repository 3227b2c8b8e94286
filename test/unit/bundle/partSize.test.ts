import assert from 'node:assert/strict';
import { parsePartSize } from '../../../src/core/bundle/partSize.ts';

describe('the size of parts', () => {
  it('is decimal as on disks, and binary where that is written', () => {
    const sizes = ['4G', '4GB', '700m', '1.5 GiB', '2Ki', '1000', '1T'].map(parsePartSize);
    assert.deepEqual(sizes, [4e9, 4e9, 7e8, 1.5 * 2 ** 30, 2048, 1000, 1e12]);
  });

  it('is nothing for what is no size, or none that a part could have', () => {
    for (const text of ['', 'G', '4 apples', '-4G', '0', '999', '1e9', '4Gx', '9999999T', 'i'])
      assert.equal(parsePartSize(text), undefined, text);
  });
});
