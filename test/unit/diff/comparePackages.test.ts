import assert from 'node:assert/strict';
import { comparePackages } from '../../../src/core/diff/comparePackages.ts';
import { pairPackages } from '../../../src/core/diff/pairPackages.ts';
import type { PackageChange } from '../../../src/core/diff/diffReport.ts';
import { remarkText } from '../../../src/core/diffRemark.ts';
import { failure } from '../../../src/core/errors.ts';
import type { FileTree } from '../../../src/core/fileTrees/fileTree.ts';
import type { InstalledPackage, PackageManager } from '../../../src/core/packages/installedPackage.ts';
import { unattended } from '../../../src/core/progress.ts';
import { plainTree } from '../../support/plainTrees.ts';

function told(changes: readonly PackageChange[]): readonly string[] {
  return changes.map(({ manager, name, kind, left = '-', right = '-' }) =>
    [manager, name, kind, left, right].join(' '),
  );
}

async function compared(left: FileTree, right: FileTree): Promise<readonly string[]> {
  const { changes, remarks } = await comparePackages({ left, right }, unattended());
  return [...told(changes), ...remarks.map((remark) => remarkText(remark))];
}

const debian = (...packages: readonly string[]): string =>
  packages
    .map((one) => {
      const [name = '', version = ''] = one.split(' ');
      return `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`;
    })
    .join('\n');

const npm = (version: string): string => JSON.stringify({ version });

describe('comparing the packages of two trees', () => {
  it('tells what came, what went, and which versions went up or down', async () => {
    assert.deepEqual(
      await compared(
        plainTree({ 'var/lib/dpkg/status': debian('same 1', 'up 1.9', 'down 2', 'gone 1') }),
        plainTree({ 'var/lib/dpkg/status': debian('same 1', 'up 1.10', 'down 2~rc1', 'new 1') }),
      ),
      [
        'dpkg down downgraded 2 2~rc1',
        'dpkg gone removed 1 -',
        'dpkg new added - 1',
        'dpkg up upgraded 1.9 1.10',
      ],
    );
  });

  it('reads the lists of dpkg in distroless images, of apk, and the names of Python packages', async () => {
    assert.deepEqual(
      await compared(
        plainTree({
          'var/lib/dpkg/status.d/base': debian('base 1'),
          'var/lib/dpkg/status.d/base.md5sums': 'Package: none\nVersion: 1\n',
          'lib/apk/db/installed': 'P:musl\nV:1.2.4-r2\n',
          'usr/lib/python3.11/site-packages/Foo_Bar-1.9.dist-info/METADATA': 'x',
          'usr/lib/python3.11/site-packages/old-1.0-py3.11.egg-info': 'x',
          'usr/lib/python3/dist-packages/dev.egg-info/PKG-INFO': 'Name: dev\nVersion: 1.0\n',
        }),
        plainTree({
          'var/lib/dpkg/status.d/base': debian('base 2'),
          'lib/apk/db/installed': 'P:musl\nV:1.2.4-r3\n',
          'usr/lib/python3.12/site-packages/foo_bar-1.10.dist-info/METADATA': 'x',
          'usr/lib/python3/dist-packages/dev.egg-info/PKG-INFO': 'Name: Dev\nVersion: 1.1\n',
        }),
      ),
      [
        'apk musl upgraded 1.2.4-r2 1.2.4-r3',
        'dpkg base upgraded 1 2',
        'pip dev upgraded 1.0 1.1',
        'pip foo-bar upgraded 1.9 1.10',
        'pip old removed 1.0 -',
      ],
    );
  });

  it('finds packages of npm wherever they lie, scoped and nested ones too', async () => {
    assert.deepEqual(
      await compared(
        plainTree({
          'usr/lib/node_modules/npm/package.json': npm('9.0.0'),
          'usr/lib/node_modules/npm/node_modules/@s/a/package.json': npm('1.0.0'),
          'usr/lib/node_modules/.bin/x/package.json': npm('1.0.0'),
        }),
        plainTree({
          'usr/lib/node_modules/npm/package.json': npm('10.0.0'),
          'usr/lib/node_modules/npm/node_modules/@s/a/package.json': npm('1.0.1'),
        }),
      ),
      ['npm @s/a upgraded 1.0.0 1.0.1', 'npm npm upgraded 9.0.0 10.0.0'],
    );
  });

  it('reads the lock of npm and no package below it, where both sides have one', async () => {
    const side = (version: string): FileTree => {
      const tree = plainTree({
        'app/node_modules/.package-lock.json': JSON.stringify({
          packages: { 'node_modules/a': { version } },
        }),
        'app/node_modules/a/package.json': npm(version),
      });
      return { ...tree, read: (path, ...more) => (assert.match(path, /lock/), tree.read(path, ...more)) };
    };
    assert.deepEqual(await compared(side('1.0.0'), side('2.0.0')), ['npm a upgraded 1.0.0 2.0.0']);
  });

  it('reads the packages below a lock of npm that is the same on both sides, and what differs of them', async () => {
    const side = (version: string): FileTree =>
      plainTree({
        'app/node_modules/.package-lock.json': JSON.stringify({
          packages: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } },
        }),
        'app/node_modules/a/package.json': npm(version),
        'app/node_modules/b/package.json': npm('1.0.0'),
      });
    assert.deepEqual(await compared(side('1.0.0'), side('2.0.0')), ['npm a upgraded 1.0.0 2.0.0']);
  });

  it('reads no list that is the same on both sides', async () => {
    const tree = plainTree({ 'var/lib/dpkg/status': debian('a 1') });
    const unread: FileTree = { ...tree, read: () => assert.fail('it was read') };
    assert.deepEqual(await compared(unread, unread), []);
  });

  it('says which list can’t be read, and compares the others', async () => {
    assert.deepEqual(
      await compared(
        plainTree(
          {
            'var/lib/dpkg/status': debian('a 1'),
            'var/lib/rpm/Packages': 'no database',
            'var/lib/rpm/Packages-wal': 'x',
          },
          { name: 'one' },
        ),
        plainTree({ 'var/lib/dpkg/status': debian('a 2') }),
      ),
      [
        'dpkg a upgraded 1 2',
        '/var/lib/rpm/Packages-wal holds changes to the list of packages that were not read.',
        'The packages in /var/lib/rpm/Packages of one were not read: /var/lib/rpm/Packages can’t be read as a list of packages: it is no database that rpm writes',
      ],
    );
  });

  it('says once of many lists that they can’t be read', async () => {
    const packages = ['a', 'b', 'c', 'd', 'e'].map((name) => [
      `app/node_modules/${name}/package.json`,
      npm('1.0.0'),
    ]);
    const tree = plainTree(Object.fromEntries(packages) as Record<string, string>, { name: 'one' });
    const reason = failure('pathUnreadable', { path: '/x', name: 'one', reason: 'it is gone' });
    const unreadable: FileTree = {
      ...tree,
      async *readMany() {
        yield await Promise.reject(reason);
      },
    };
    assert.deepEqual(await compared(unreadable, plainTree({})), [
      `The packages in /app/node_modules/a/package.json, /app/node_modules/b/package.json, /app/node_modules/c/package.json and 2 more of one were not read: ${reason.message}`,
    ]);
  });

  it('takes packages of an image for no news beside layers that have no list', async () => {
    assert.deepEqual(
      await compared(
        plainTree({ 'var/lib/dpkg/status': debian('a 1') }, { name: 'app' }),
        plainTree({ x: 'x' }, { kind: 'layers' }),
      ),
      ['/var/lib/dpkg/status is in app alone, so its packages were not compared.'],
    );
  });
});

describe('packages of several versions', () => {
  const of = (manager: PackageManager, text: string): InstalledPackage => {
    const [name = '', version = '', place = ''] = text.split(' ');
    return { manager, name, version, place };
  };
  const paired = async (left: readonly string[], right: readonly string[]): Promise<readonly string[]> =>
    told(
      await pairPackages(
        left.map((text) => of('rpm', text)),
        right.map((text) => of('rpm', text)),
        new AbortController().signal,
      ),
    );

  it('pair up in their order', async () => {
    assert.deepEqual(await paired(['kernel 5.9', 'kernel 5.10'], ['kernel 5.10', 'kernel 5.11']), [
      'rpm kernel upgraded 5.9 5.11',
    ]);
    assert.deepEqual(await paired(['a 2', 'a 1'], ['a 4', 'a 3', 'a 5']), [
      'rpm a upgraded 1 3',
      'rpm a upgraded 2 4',
      'rpm a added - 5',
    ]);
  });

  it('pair up over places, and are no news in another place alone', async () => {
    assert.deepEqual(await paired(['a 1 x86', 'b 1 x86'], ['a 1 arm', 'b 2 arm']), ['rpm b upgraded 1 2']);
  });

  it('are listed once however many places changed likewise', async () => {
    assert.deepEqual(await paired(['a 1 x', 'a 1 y'], ['a 2 x', 'a 2 y']), ['rpm a upgraded 1 2']);
  });

  it('were written otherwise where their manager takes them for the same', async () => {
    assert.deepEqual(await paired(['a 1.0 x'], ['a 1.00 x']), ['rpm a rewritten 1.0 1.00']);
    const npmPackages = ['1.0.0+one', '1.0.0+two'].map((version) => [of('npm', `a ${version} x`)]);
    const changes = await pairPackages(
      npmPackages[0] ?? [],
      npmPackages[1] ?? [],
      new AbortController().signal,
    );
    assert.deepEqual(told(changes), ['npm a rewritten 1.0.0+one 1.0.0+two']);
  });
});
