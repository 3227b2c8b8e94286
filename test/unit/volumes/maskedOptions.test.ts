import assert from 'node:assert/strict';
import { maskedOptions, secretOptions } from '../../../src/core/volumes/maskedOptions.ts';

describe('driver options of a volume, as they are shown', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['type', 'cifs', 'cifs'],
    ['device', '//server/share', '//server/share'],
    ['o', 'addr=10.0.0.1,rw,nfsvers=4', 'addr=10.0.0.1,rw,nfsvers=4'],
    ['o', 'username=me,password=se:cret,uid=1', 'username=me,password=••••,uid=1'],
    ['o', 'user=me,pass=x', 'user=me,pass=••••'],
    ['device', 'https://me:secret@host/dav', 'https://me:••••@host/dav'],
    ['device', 'https://host/share?sig=1&token=abc&x=2', 'https://host/share?sig=1&token=••••&x=2'],
    ['device', 'https://me:se@cr/et@host/dav', 'https://me:••••@host/dav'],
    ['o', 'accountKey=abc,storagekey=x', 'accountKey=••••,storagekey=••••'],
    ['device', 'host:/export', 'host:/export'],
    ['password', 'secret', '••••'],
    ['access_key', 'AKIA', '••••'],
    ['o', 'keyring=/etc/ceph,monkey=1', 'keyring=/etc/ceph,monkey=1'],
    ['secret', '', ''],
  ];
  for (const [key, value, shown] of cases)
    it(`shows ${key}=${value} as ${shown}`, () => {
      assert.deepEqual(maskedOptions({ [key]: value }), { [key]: shown });
      assert.deepEqual(secretOptions({ [key]: value }), shown === value ? [] : [key]);
    });
});
