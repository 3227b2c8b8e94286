import assert from 'node:assert/strict';
import { findContainer } from '../../../src/cli/findContainer.ts';
import { findImage } from '../../../src/cli/findImage.ts';
import { failureOf } from '../../support/failureOf.ts';
import { aContainer, anId, anImage, fakeEngine } from './fakeEngine.ts';

const { signal } = new AbortController();

describe('finding an image by what a person types', () => {
  const repoDigest = `team/app@${anId('77')}`;
  const images = [
    anImage('x', { id: anId('abc1'), tags: ['app:1', 'app:latest'], repoDigests: [repoDigest] }),
    anImage('y', { id: anId('abc2'), tags: ['registry.example:5000/team/app:2'] }),
    anImage('z', { id: anId('d00d'), tags: [] }),
    anImage('cafe', { id: anId('beef'), tags: ['cafe:latest'] }),
    anImage('w', { id: anId('cafe'), tags: [] }),
  ];
  const find = (text: string) => findImage(fakeEngine({ images }), text, signal);

  it('takes a name for its own tag alone, latest where none is given', async () => {
    assert.deepEqual(await find('app'), { id: anId('abc1'), tags: ['app:latest'] });
    assert.deepEqual(await find('docker.io/library/app:1'), { id: anId('abc1'), tags: ['app:1'] });
    assert.deepEqual((await find('registry.example:5000/team/app:2')).id, anId('abc2'));
  });

  it('takes an ID for the image with all its names', async () => {
    for (const text of ['abc1', 'sha256:abc1', anId('abc1'), anId('abc1').slice(7), repoDigest])
      assert.deepEqual(await find(text), { id: anId('abc1'), tags: ['app:1', 'app:latest'] });
    assert.deepEqual(await find('d00d'), { id: anId('d00d'), tags: [] });
  });

  it('takes a name before an ID that looks the same', async () => {
    assert.equal((await find('cafe')).id, anId('beef'));
    assert.equal((await find('sha256:cafe')).id, anId('cafe'));
  });

  it('refuses the beginning of two IDs and what is not there', async () => {
    const error = await failureOf(find('abc'));
    assert.equal(error.code, 'notExactlyOne');
    assert.equal(error.details['count'], 2);
    assert.equal((await failureOf(find('app:3'))).code, 'engineNotFound');
    assert.equal((await failureOf(find('0123'))).code, 'engineNotFound');
  });
});

describe('finding a container by what a person types', () => {
  const containers = [
    aContainer('web', { id: 'aa01'.padEnd(64, '0') }),
    aContainer('db', { id: 'aa02'.padEnd(64, '0') }),
    aContainer('bb', { id: 'cc'.padEnd(64, '0') }),
    aContainer('other', { id: 'bb'.padEnd(64, '0') }),
  ];
  const find = (text: string) => findContainer(fakeEngine({ containers }), text, signal);

  it('takes a name, with a slash too, an ID, or the beginning of one', async () => {
    for (const text of ['web', '/web', 'aa01', 'aa01'.padEnd(64, '0')])
      assert.equal((await find(text)).names[0], 'web');
    assert.equal((await find('bb')).names[0], 'bb');
  });

  it('refuses the beginning of two IDs and what is not there', async () => {
    assert.equal((await failureOf(find('aa'))).code, 'notExactlyOne');
    assert.equal((await failureOf(find('we'))).code, 'engineNotFound');
  });
});
