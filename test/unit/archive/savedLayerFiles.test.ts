import assert from 'node:assert/strict';
import { savedLayerFiles } from '../../../src/core/archive/savedLayerFiles.ts';
import { hexOf, parseDigest, type Digest } from '../../../src/core/digest.ts';
import { chainIdsOf } from '../../../src/core/oci/chainIds.ts';

const digest = (digit: string): Digest => parseDigest(`sha256:${digit.repeat(64)}`, 'a test');
const [base, own, other] = [digest('1'), digest('2'), digest('3')];
const blob = (of: Digest): string => `blobs/sha256/${hexOf(of)}`;

describe('files of layers in a save', () => {
  it('are those whose chain is there, by both names that engines give them', () => {
    const there = savedLayerFiles([[base, own]], (chain) => chain === base);
    assert.equal(there.size, 2);
    assert.ok(there.has(blob(base)));
    assert.match([...there].filter((path) => path !== blob(base)).join(), /^[0-9a-f]{64}\/layer\.tar$/);
  });

  it('leave nothing out where no chain is there', () => {
    assert.equal(savedLayerFiles([[base, own]], () => false).size, 0);
  });

  it('keep a layer that another image has on a chain which is not there', () => {
    const chains = new Set<Digest>(chainIdsOf([base, own]));
    const there = savedLayerFiles(
      [
        [base, own],
        [other, own],
      ],
      (chain) => chains.has(chain),
    );
    assert.ok(there.has(blob(base)));
    assert.ok(!there.has(blob(own)));
  });

  it('never name the folder of a topmost layer, whose v1 ID is of its config', () => {
    const there = savedLayerFiles([[base]], () => true);
    assert.deepEqual([...there], [blob(base)]);
  });
});
