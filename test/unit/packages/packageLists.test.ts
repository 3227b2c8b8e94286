import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { berkeleyValues } from '../../../src/core/packages/berkeleyHash.ts';
import type { InstalledPackage } from '../../../src/core/packages/installedPackage.ts';
import { ndbBlobs } from '../../../src/core/packages/ndbBlobs.ts';
import { lockedNpmPackages, npmPackage } from '../../../src/core/packages/npmPackages.ts';
import { packageOfHeader } from '../../../src/core/packages/rpmHeader.ts';
import { rpmPackages } from '../../../src/core/packages/rpmDatabase.ts';
import { sqliteBlobs } from '../../../src/core/packages/sqliteBlobs.ts';
import { alpinePackages, debianPackages, pythonPackage } from '../../../src/core/packages/textLists.ts';
import { inChunks } from '../../support/archives/byteStreams.ts';
import { failureOf } from '../../support/failureOf.ts';

const { signal } = new AbortController();
const fixtures = join(import.meta.dirname, '../../fixtures/rpm');

function told(packages: readonly InstalledPackage[]): readonly string[] {
  return packages.map(({ name, version, architecture }) =>
    [name, version, ...(architecture === undefined ? [] : [architecture])].join(' '),
  );
}

function textOf(text: string): { readonly bytes: AsyncIterable<Uint8Array>; readonly name: string } {
  return { bytes: inChunks(Buffer.from(text), 7), name: '/status' };
}

describe('lists of packages in text', () => {
  it('name what dpkg has installed, whatever it is halfway through, and nothing that is gone', async () => {
    const status = [
      'Package: libc6',
      'Status: install ok installed',
      'Architecture: amd64',
      'Version: 2.36-9+deb12u4',
      'Description: GNU C Library',
      ' Version: 9 is no field here',
      '',
      'Package: gone',
      'Status: deinstall ok config-files',
      'Architecture: amd64',
      'Version: 1',
      '',
      '',
      'Package: torn',
      'Status: install reinstreq half-installed',
      'Version: 2:1.0',
      '',
      'Status: install ok installed',
      'Version: 3',
    ];
    for (const end of ['\n', '\r\n'])
      assert.deepEqual(told(await debianPackages(textOf(status.join(end)), signal)), [
        'libc6 2.36-9+deb12u4 amd64',
        'torn 2:1.0',
      ]);
  });

  it('name the package of a file that distroless images have', async () => {
    const list = 'Package: base-files\nVersion: 12.4\nArchitecture: arm64\n';
    assert.deepEqual(told(await debianPackages(textOf(list), signal)), ['base-files 12.4 arm64']);
  });

  it('name what apk has installed', async () => {
    const list =
      'C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\nF:lib\nR:ld\nZ:Q1y=\n\nP:busybox\nV:1.36.1-r5\nA:x86_64\n';
    assert.deepEqual(told(await alpinePackages(textOf(list), signal)), [
      'musl 1.2.4-r2 x86_64',
      'busybox 1.36.1-r5 x86_64',
    ]);
  });

  it('name one Python package, and not what its description says', async () => {
    const list = 'Metadata-Version: 2.1\nName: Flask\nVersion: 3.0.0\n\nName: other\nVersion: 9\n';
    assert.deepEqual(told(await pythonPackage(textOf(list), signal)), ['Flask 3.0.0']);
  });

  it('are read whatever else their fields are called', async () => {
    const odd = `constructor: ${'x'.repeat(5000)}\n__proto__: ${'x'.repeat(5000)}\n`;
    assert.deepEqual(told(await debianPackages(textOf(`${odd}Package: a\nVersion: 1\n`), signal)), ['a 1']);
  });

  it('are refused with more packages than there are', async () => {
    const bytes = inChunks(Buffer.from('P:a\nV:1\n\n'.repeat(200_001)), 1 << 16);
    const { code } = await failureOf(alpinePackages({ bytes, name: '/installed' }, signal));
    assert.equal(code, 'packageListBad');
  });

  it('are refused with a line or a name that no list has', async () => {
    for (const text of [`Package: ${'x'.repeat(5000)}\n`, `Description: ${'x'.repeat(2 << 20)}`])
      assert.equal(
        (await failureOf(debianPackages({ bytes: inChunks(Buffer.from(text)), name: '/status' }, signal)))
          .code,
        'packageListBad',
      );
  });
});

describe('packages of npm', () => {
  it('are named by their package.json, or by their folder', () => {
    const [named] = npmPackage(
      Buffer.from('{"name":"@a/b","version":"1.2.3"}'),
      'x/node_modules/@a/b/package.json',
    );
    assert.deepEqual(named, { manager: 'npm', name: '@a/b', version: '1.2.3', place: 'x/node_modules/@a/b' });
    assert.deepEqual(told(npmPackage(Buffer.from('{"version":"2.0.0"}'), 'node_modules/c/package.json')), [
      'c 2.0.0',
    ]);
    assert.deepEqual(
      npmPackage(Buffer.from('{"type":"module","version":7}'), 'node_modules/c/package.json'),
      [],
    );
    assert.throws(() => npmPackage(Buffer.from('{'), 'node_modules/c/package.json'), { code: 'badJson' });
  });

  it('are all in the lock that npm leaves beside them', () => {
    const lock = {
      packages: {
        'node_modules/a': { version: '1.0.0' },
        'node_modules/a/node_modules/@s/b': { version: '2.0.0' },
        'node_modules/linked': { link: true, version: '1.0.0' },
        '../elsewhere': { version: '1.0.0' },
        'node_modules/odd': { version: 3 },
      },
    };
    const found = lockedNpmPackages(Buffer.from(JSON.stringify(lock)), 'app/node_modules/.package-lock.json');
    assert.deepEqual(
      found.map(({ name, version, place }) => `${name} ${version} ${place}`),
      ['a 1.0.0 app/node_modules/a', '@s/b 2.0.0 app/node_modules/a/node_modules/@s/b'],
    );
  });
});

describe('databases of rpm', () => {
  const inThem = [
    'alpha 1.0-1 noarch',
    'bravo 2:2.3~rc1-4.el9 noarch',
    'charlie 5.1^git20-7 x86_64',
    'many-p04 3.0-1 noarch',
    'many-p08 3.0-1 noarch',
    'many-p19 3.0-1 noarch',
    'many-p20 3.0-1 noarch',
  ];
  let sqlite: Buffer;
  let berkeley: Buffer;
  before(async () => {
    sqlite = gunzipSync(await readFile(join(fixtures, 'rpmdb.sqlite.gz')));
    berkeley = gunzipSync(await readFile(join(fixtures, 'Packages.gz')));
  });

  const listed = async (database: Buffer): Promise<readonly string[]> =>
    told(await rpmPackages({ database, name: '/rpmdb' }, signal)).toSorted();

  it('list the same packages as SQLite, Berkeley DB and ndb', async () => {
    assert.deepEqual(await listed(sqlite), inThem);
    assert.deepEqual(await listed(berkeley), inThem);
    assert.deepEqual(await listed(ndbOf(headersOf(sqlite))), inThem);
  });

  it('are refused when they are cut off, and never run on when they are damaged', async () => {
    for (const whole of [sqlite, berkeley, ndbOf(headersOf(sqlite))]) {
      for (const length of [0, 3, 100, 600, 4096, whole.length - 5000])
        assert.equal(
          (await failureOf(rpmPackages({ database: whole.subarray(0, length), name: '/rpmdb' }, signal)))
            .code,
          'packageListBad',
        );
      for (let at = 24; at < whole.length; at += 1009) {
        const damaged = Buffer.from(whole);
        damaged.fill(0xff, at, at + 3);
        await rpmPackages({ database: damaged, name: '/rpmdb' }, signal).catch((error: unknown) => {
          assert.equal((error as { code?: string }).code, 'packageListBad');
        });
      }
    }
  });

  it('are refused where one page stands for many', async () => {
    const looped = Buffer.from(sqlite);
    const root = 4096;
    // The first interior page is told to have itself for its last child.
    const interior = Array.from({ length: looped.length / root }, (_, page) => page).find(
      (page) => page > 0 && looped[page * root] === 0x05,
    );
    assert.ok(interior !== undefined);
    looped.writeUInt32BE(interior + 1, interior * root + 8);
    assert.equal(
      (await failureOf(rpmPackages({ database: looped, name: '/rpmdb' }, signal))).code,
      'packageListBad',
    );
    const [first] = headersOf(sqlite);
    assert.ok(first);
    const shared = ndbOf([first]);
    // Every slot refers to the one blob.
    for (let at = 48; at < 4096; at += 16) shared.copyWithin(at, 32, 48);
    assert.equal(
      (await failureOf(rpmPackages({ database: shared, name: '/rpmdb' }, signal))).code,
      'packageListBad',
    );
  });

  it('are refused where rows share their bytes, or one has more columns than any', () => {
    const listing = (rows: number, header: readonly number[], size: number): (() => unknown) => {
      const file = Buffer.alloc(8192);
      file.write('SQLite format 3\0');
      file.writeUInt16BE(4096, 16);
      file[100] = 0x0d;
      file.writeUInt16BE(rows, 103);
      for (let row = 0; row < rows; row++) file.writeUInt16BE(1000, 108 + 2 * row);
      file.set([0x80 | (size >> 7), size & 0x7f, 1, ...header], 1000);
      return () => [...sqliteBlobs(file, { table: 'Packages', name: '/rpmdb' })];
    };
    assert.throws(listing(400, [1], 800), /its rows share their bytes/);
    assert.throws(listing(1, [0x94, 0x00], 2600), /a row has too many columns/);
  });

  it('are refused where a value goes round in a circle of pages', () => {
    const file = Buffer.alloc(2048);
    file.writeUInt32LE(0x061561, 12);
    file.writeUInt32LE(512, 20);
    file.writeUInt32LE(3, 32);
    const page = 512;
    file[page + 25] = 13;
    file.writeUInt16LE(2, page + 20);
    file.writeUInt16LE(500, page + 26);
    file.writeUInt16LE(480, page + 28);
    file[page + 480] = 3;
    file.writeUInt32LE(2, page + 484);
    file.writeUInt32LE(2048, page + 488);
    const chain = 1024;
    file[chain + 25] = 7;
    file.writeUInt16LE(1, chain + 22);
    file.writeUInt32LE(2, chain + 16);
    assert.throws(() => [...berkeleyValues(file, '/rpmdb')], /a value has more pages than the file/);
  });

  it('let others work between free slots', () => {
    assert.equal([...ndbBlobs(ndbOf(headersOf(sqlite).slice(0, 1)), '/rpmdb')].length, (4096 - 32) / 16);
  });

  it('have headers without a name, which are none, and headers that are refused', () => {
    const empty = Buffer.alloc(8);
    assert.equal(packageOfHeader(empty, '/rpmdb'), undefined);
    const endless = Buffer.alloc(8 + 16 + 4, 0x41);
    endless.writeUInt32BE(1, 0);
    endless.writeUInt32BE(4, 4);
    endless.writeUInt32BE(1000, 8);
    endless.writeUInt32BE(6, 12);
    endless.writeUInt32BE(0, 16);
    for (const bad of [Buffer.alloc(7), endless, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])])
      assert.throws(() => packageOfHeader(bad, '/rpmdb'), { code: 'packageListBad' });
  });
});

function headersOf(sqlite: Buffer): readonly Buffer[] {
  return [...sqliteBlobs(sqlite, { table: 'Packages', name: '/rpmdb' })].filter((blob) => blob !== undefined);
}

/** A database as rpm's own format has it, one page of slots. */
function ndbOf(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096);
  slots.write('RpmP', 0);
  slots.writeUInt32LE(1, 12);
  for (let at = 32; at < slots.length; at += 16) slots.write('Slot', at);
  const blobs: Buffer[] = [];
  let block = slots.length / 16;
  for (const [index, header] of headers.entries()) {
    const blob = Buffer.alloc(16 + header.length + 12 + ((4 - (header.length % 16) + 16) % 16));
    blob.write('BlbS', 0);
    blob.writeUInt32LE(index + 1, 4);
    blob.writeUInt32LE(header.length, 12);
    header.copy(blob, 16);
    const slot = 32 + 16 * index;
    slots.writeUInt32LE(index + 1, slot + 4);
    slots.writeUInt32LE(block, slot + 8);
    slots.writeUInt32LE(blob.length / 16, slot + 12);
    blobs.push(blob);
    block += blob.length / 16;
  }
  return Buffer.concat([slots, ...blobs]);
}
