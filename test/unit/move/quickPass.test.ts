import assert from 'node:assert/strict';
import { quickPass } from '../../../src/core/move/quickPass.ts';
import { listVolume } from '../../../src/core/move/volumeListing.ts';
import { copyVolume, finishVolume } from '../../../src/core/move/volumePasses.ts';
import { unattended } from '../../../src/core/progress.ts';
import { file, folder, VolumeInMemory } from '../../support/volumeInMemory.ts';

describe('the last pass over a volume', () => {
  const operation = unattended();

  /** Copies, changes the source, and brings over what differs. Resolves with whether the quick way was enough. */
  async function pass(
    source: VolumeInMemory,
    change: (source: VolumeInMemory) => void,
  ): Promise<{ readonly isQuick: boolean; readonly target: VolumeInMemory }> {
    const target = new VolumeInMemory();
    const pair = { source, target };
    await copyVolume(pair, operation);
    const listing = await listVolume(target, operation);
    assert.ok(listing);
    change(source);
    const entries = await quickPass(pair, listing, operation);
    if (entries === undefined) await finishVolume(pair, { to: 'there' }, operation);
    else assert.equal(entries, source.names.size);
    return { isQuick: entries !== undefined, target };
  }

  it('takes away what is gone from a folder that is called as one of a file system’s own', async () => {
    for (const gone of ['lost+found/old', 'lost+found']) {
      const source = new VolumeInMemory();
      source.put('lost+found', folder());
      source.put('lost+found/old', file('old'));
      const { target } = await pass(source, () => {
        source.remove(gone);
      });
      assert.ok(!target.names.has('lost+found/old'), gone);
    }
  });

  it('lists no more than memory is for in all volumes together', async () => {
    const volume = new VolumeInMemory();
    volume.put('n'.repeat(200), file(''));
    const first = await listVolume(volume, operation, { maxBytes: 1000 });
    assert.equal(first?.size, 2);
    assert.equal(await listVolume(volume, operation, { others: [first], maxBytes: 1000 }), undefined);
  });

  it('leaves both sides the same, whatever has changed', async () => {
    const rounds = 30;
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const places = ['a', 'b', 'c', 'd', '\xe9', 'lost+found'];
    const mutate = (volume: VolumeInMemory): void => {
      const folders = [...volume.names].filter(([, { type }]) => type === 'directory').map(([key]) => key);
      const inside = folders[random(folders.length)] ?? '';
      const place = places[random(places.length)] ?? 'a';
      const key = inside === '' ? place : `${inside}/${place}`;
      const there = volume.names.get(key);
      const files = [...volume.names].filter(([, { type }]) => type === 'file');
      const linked = files[random(files.length)];
      switch (random(9)) {
        case 0:
        case 1:
          volume.put(key, file(String(random(3)), 1_700_000_000 + random(2)));
          break;
        case 2:
          if (key.split('/').length < 4) volume.put(key, folder(1_700_000_000 + random(2)));
          break;
        case 3:
          volume.remove(key);
          break;
        case 4:
          if (linked !== undefined && !linked[0].startsWith(`${key}/`) && linked[0] !== key)
            volume.put(key, linked[1]);
          break;
        case 5:
          volume.put(key, { ...file('nowhere'), type: 'symlink', mode: 0o777 });
          break;
        case 6:
          if (there !== undefined && there.type !== 'symlink') there.mode ^= 0o20;
          break;
        case 7:
          if (there?.type === 'file') there.data = String(random(3));
          break;
        default:
          if (there !== undefined) there.mtime = 1_700_000_000 + random(2);
      }
    };
    let quick = 0;
    for (let round = 0; round < rounds; round++) {
      const source = new VolumeInMemory();
      const before = seed;
      for (let change = random(25); change > 0; change--) mutate(source);
      const { isQuick, target } = await pass(source, () => {
        for (let change = random(6); change > 0; change--) mutate(source);
      });
      if (isQuick) quick += 1;
      const own = (facts: readonly string[]): readonly string[] =>
        source.names.has('lost+found') ? facts : facts.filter((fact) => !fact.startsWith('["lost+found"'));
      assert.deepEqual(own(target.facts()), source.facts(), `seed ${before}`);
    }
    assert.ok(quick > rounds / 3, `${quick} of ${rounds} the quick way`);
  });
});
