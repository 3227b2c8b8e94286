import assert from 'node:assert/strict';
import { keptNames } from '../../src/core/restore/keptNames.ts';

const kept = (tag: string, taken: readonly string[] = []): string | undefined =>
  keptNames([{ tag, currentId: 'sha256:1' }], taken, '20261121t0800z').get(tag);

describe('names under which replaced images are kept', () => {
  it('add when it was to the tag', () => {
    assert.equal(kept('app:1'), 'app:1-before-20261121t0800z');
    assert.equal(kept('host:5000/team/app:1'), 'host:5000/team/app:1-before-20261121t0800z');
  });

  it('stay within the length of a tag, and keep a long repository whole', () => {
    const repository = `${'long/'.repeat(40)}app`;
    const name = kept(`${repository}:${'t'.repeat(128)}`) ?? '';
    assert.ok(name.startsWith(`${repository}:tt`));
    assert.equal(name.slice(repository.length + 1).length, 128);
  });

  it('never take a name that another image has', () => {
    const first = 'app:1-before-20261121t0800z';
    assert.equal(kept('app:1', [first]), `${first}-2`);
    assert.equal(kept('app:1', [first, `${first}-2`]), `${first}-3`);
  });

  it('differ where two long tags begin alike', () => {
    const tags = ['a', 'b'].map((end) => ({ tag: `app:${'t'.repeat(127)}${end}`, currentId: 'sha256:1' }));
    assert.equal(new Set(keptNames(tags, [], 'now').values()).size, 2);
  });
});
