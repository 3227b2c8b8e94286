import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import { isTag } from '../../../src/core/registry/remoteName.ts';
import { pushTags } from '../../../src/core/transfer/pushTags.ts';

const named = (refName: string) => ({ id: digestOf(refName), refName });

describe('the tags of snapshots that are pushed together', () => {
  it('are their names, as near as tags come to them', () => {
    const one = named('container-web-20260102T030405Z');
    assert.deepEqual([...pushTags([one]).values()], [one.refName]);
  });

  it('differ where names come to the same tag, so that none is lost', () => {
    const long = 'x'.repeat(150);
    const snapshots = ['a/b@1', 'a-b@1', 'other', `1${long}`, `2${long}`].map(named);
    const tags = [...pushTags(snapshots).values()];
    assert.equal(new Set(tags).size, 5);
    assert.equal(tags[2], 'other');
    assert.ok(tags.every((tag) => isTag(tag)));
  });

  it('are the same for a snapshot that is given twice', () => {
    const one = named('a@1');
    assert.deepEqual([...pushTags([one, one]).values()], ['a-1']);
  });
});
