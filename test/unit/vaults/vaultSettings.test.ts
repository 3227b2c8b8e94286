import assert from 'node:assert/strict';
import { defaultVaultOf, parseVaultSettings } from '../../../src/vaults/vaultSettings.ts';

const parse = (value: unknown) => parseVaultSettings(value, '/home/ada');

describe('the setting for vaults', () => {
  it('takes absolute folders and those below home, named by their folder where they have no name', () => {
    assert.deepEqual(parse([{ name: ' safe ', path: '/mnt/vault/' }, { path: '~/backups' }]), [
      { name: 'safe', path: '/mnt/vault' },
      { name: 'backups', path: '/home/ada/backups' },
    ]);
  });

  it('takes vaults in registries, named by their repository where they have no name', () => {
    const path = 'registry://harbor.example:5000/team/backups';
    assert.deepEqual(parse([{ path: `${path}/` }, { name: 'far', path: 'registry://harbor/b' }]), [
      { name: 'backups', path },
      { name: 'far', path: 'registry://harbor/b' },
    ]);
    assert.deepEqual(parse([{ path: 'registry://harbor' }, { path: 'registry://h/a:1' }]), []);
  });

  it('passes over what is no vault, and a folder that was named before', () => {
    const same = { name: 'twice', path: '/mnt/./vault' };
    const found = parse([
      { name: 'relative', path: 'vault' },
      'text',
      null,
      { name: 'no path' },
      { name: 'nul', path: '/a\0b' },
      { name: 'first', path: '/mnt/vault' },
      same,
    ]);
    assert.deepEqual(found, [{ name: 'first', path: '/mnt/vault' }]);
    assert.deepEqual(parse({ path: '/mnt/vault' }), []);
  });

  it('keeps to a hundred vaults', () => {
    const many = Array.from({ length: 150 }, (_, index) => ({ path: `/mnt/${String(index)}` }));
    assert.equal(parse(many).length, 100);
  });

  it('has no default vault where the setting names none: data goes to no vault that nobody chose', () => {
    const vaults = parse([{ path: '/a' }, { path: '/b' }]);
    assert.equal(defaultVaultOf(vaults, 'b')?.path, '/b');
    assert.equal(defaultVaultOf(vaults, 'c'), undefined);
    assert.equal(defaultVaultOf(vaults, ''), undefined);
  });
});
