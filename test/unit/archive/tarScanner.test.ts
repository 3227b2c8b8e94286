import assert from 'node:assert/strict';
import { pack } from 'tar-stream';
import { digestOf } from '../../../src/core/digest.ts';
import { TarScanner } from '../../../src/core/archive/tarScanner.ts';
import type { TarEntry } from '../../../src/core/archive/tarHeader.ts';
import { tarEnd, tarFile, tarHeader, tarPadding } from '../../../src/core/archive/tarWriter.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';

interface Scanned {
  readonly entry: TarEntry;
  readonly data: Buffer;
}

function scan(bytes: Uint8Array, chunkBytes = 65_536, scanner = new TarScanner('x.tar')): Scanned[] {
  const found: { entry: TarEntry; data: Buffer }[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    for (const event of scanner.push(bytes.subarray(at, at + chunkBytes))) {
      const last = found.at(-1);
      if (event.kind === 'entry') found.push({ entry: event.entry, data: Buffer.alloc(0) });
      else if (event.kind === 'data' && last) last.data = Buffer.concat([last.data, event.bytes]);
    }
  scanner.finish();
  return found;
}

/** A header block changed at `at`, with its checksum made right again. */
function patched(header: Uint8Array, at: number, bytes: string | Uint8Array): Buffer {
  const block = Buffer.from(header);
  Buffer.from(bytes).copy(block, at);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

describe('TarScanner', () => {
  const seed = Date.now() % 2 ** 31;

  it(`agrees with tar-stream on random tars (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 25; round++) {
      const packer = pack();
      const expected: { name: string; type: string; mode: number; link: string; digest: string }[] = [];
      for (let at = random.below(12); at > 0; at--) {
        const type = (['file', 'directory', 'symlink', 'link'] as const)[random.below(4)] ?? 'file';
        const long = 'ü/long-name'.repeat(random.below(30));
        const data =
          type === 'file'
            ? random.bytes([0, 1, 511, 512, 513, 70_000][random.below(6)] ?? 0)
            : Buffer.alloc(0);
        const header = {
          name: `e${round}-${at}${long}`,
          type,
          // tar-stream writes its default for a mode of 0.
          mode: 1 + random.below(0o7777),
          uid: random.below(3_000_000),
          mtime: new Date(random.below(2 ** 31) * 1000),
          linkname: type === 'symlink' || type === 'link' ? `../t${long}` : '',
        };
        expected.push({
          name: header.name,
          type: type === 'link' ? 'hardlink' : type,
          mode: header.mode,
          link: header.linkname,
          digest: digestOf(data),
        });
        packer.entry(header, data);
      }
      packer.finalize();
      const tar = await collect(packer as AsyncIterable<Uint8Array>);
      for (const chunkBytes of [1 + random.below(700), 65_536]) {
        const found = scan(tar, chunkBytes).map(({ entry, data }) => ({
          name: entry.path.replace(/\/$/, ''),
          type: entry.type,
          mode: entry.mode,
          link: entry.linkPath,
          digest: digestOf(data),
        }));
        assert.deepEqual(
          found,
          expected.map((one) => ({ ...one, name: one.name.replace(/\/$/, '') })),
        );
      }
    }
  });

  it('gives data of every boundary size in chunks of every boundary size', () => {
    for (const size of [0, 1, 511, 512, 513, 4095, 4096, 4097]) {
      const data = seededRandom(size).bytes(size);
      const tar = Buffer.concat([tarFile('a', data), tarFile('b', 'next'), tarEnd]);
      for (const chunkBytes of [1, 511, 512, 513, tar.length]) {
        const [first, second] = scan(tar, chunkBytes);
        assert.deepEqual(first?.data, data);
        assert.equal(second?.data.toString(), 'next');
        assert.equal(first.entry.dataOffset, 512);
        assert.equal(second.entry.headerOffset, tar.indexOf('b\0'));
      }
    }
  });

  it('reads sizes over 8 GiB in base-256', () => {
    const scanner = new TarScanner('x.tar');
    const [event] = scanner.push(tarHeader({ path: 'large', sizeBytes: 2 ** 40 + 1 }));
    assert.ok(event?.kind === 'entry');
    assert.equal(event.entry.sizeBytes, 2 ** 40 + 1);
  });

  it('lets PAX records win over the header, and keeps binary ones', () => {
    const record = (key: string, value: Buffer): Buffer => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    };
    const xattr = Buffer.from([1, 0, 0x3d, 0x0a, 0xff]);
    const body = Buffer.concat([
      record('path', Buffer.from([0x66, 0xff, 0x67])),
      record('size', Buffer.from('3')),
      record('mtime', Buffer.from('1.5')),
      record('SCHILY.xattr.security.capability', xattr),
    ]);
    const pax = Buffer.concat([
      patched(tarHeader({ path: 'p', sizeBytes: body.length }), 156, 'x'),
      body,
      tarPadding(body.length),
    ]);
    const tar = Buffer.concat([
      pax,
      tarHeader({ path: 'f', sizeBytes: 0 }),
      Buffer.from('abc'),
      tarPadding(3),
      tarEnd,
    ]);
    const [found] = scan(tar, 100);
    assert.equal(found?.data.toString(), 'abc');
    assert.deepEqual(Buffer.from(found.entry.rawPath ?? []), Buffer.from([0x66, 0xff, 0x67]));
    assert.equal(found.entry.mtime, 1.5);
    assert.deepEqual(Buffer.from(found.entry.pax.get('SCHILY.xattr.security.capability') ?? []), xattr);
    assert.equal(found.entry.headerOffset, 0);
  });

  it('reads GNU long names and links', () => {
    const name = 'n'.repeat(300);
    const long = (flag: string, text: string): Buffer => {
      const body = Buffer.from(`${text}\0`);
      return Buffer.concat([
        patched(tarHeader({ path: '././@LongLink', sizeBytes: body.length }), 156, flag),
        body,
        tarPadding(body.length),
      ]);
    };
    const tar = Buffer.concat([
      long('K', `${name}-target`),
      long('L', name),
      tarHeader({ path: 'short', type: 'symlink', linkPath: 'short' }),
      tarEnd,
    ]);
    const [found] = scan(tar);
    assert.equal(found?.entry.path, name);
    assert.equal(found.entry.linkPath, `${name}-target`);
  });

  it('steps over the blocks of a GNU sparse map and marks the entry', () => {
    const header = patched(
      patched(tarHeader({ path: 'holes', sizeBytes: 3 }), 156, 'S'),
      482,
      Buffer.from([1]),
    );
    const map = Buffer.alloc(512);
    const [found, next] = scan(
      Buffer.concat([header, map, Buffer.from('abc'), tarPadding(3), tarFile('b', 'next'), tarEnd]),
    );
    assert.equal(found?.entry.isSparse, true);
    assert.equal(found.data.toString(), 'abc');
    assert.equal(next?.data.toString(), 'next');
  });

  it('takes zeros after the end and nothing else', () => {
    const tar = Buffer.concat([tarFile('a', 'x'), tarEnd]);
    assert.equal(scan(Buffer.concat([tar, Buffer.alloc(9000)])).length, 1);
    assert.throws(() => scan(Buffer.concat([tar, Buffer.alloc(600), Buffer.from('junk')])), {
      code: 'archiveTrailing',
    });
    assert.throws(() => scan(Buffer.concat([tar.subarray(0, -512), tarFile('b', 'y')])), {
      code: 'archiveTrailing',
    });
  });

  it('tells a cut tar from one without its end, at every byte', () => {
    const tar = Buffer.concat([tarFile('dir/first', Buffer.alloc(700)), tarEnd]);
    for (let length = 0; length < tar.length; length++) {
      const isAtHeader = length === 0 || length === 1536 || length === 2048;
      const partOfEnd = length > 1536 && length !== 2048;
      assert.throws(
        () => scan(tar.subarray(0, length), 300),
        { code: isAtHeader ? 'archiveNoEnd' : partOfEnd && length > 2048 ? 'archiveNoEnd' : 'archiveCut' },
        `cut to ${length}`,
      );
    }
  });

  it('names the engine’s error that follows a cut tar, wherever the cut is', () => {
    const tar = Buffer.concat([tarFile('a', Buffer.alloc(3000, 'x')), tarEnd]);
    const error = Buffer.from('{"errorDetail":{"message":"no space left"},"error":"no space left"}\r\n');
    for (const at of [100, 512, 1000, 3584, 3600, tar.length - 512, tar.length])
      for (const chunkBytes of [7, 512, 65_536])
        assert.throws(() => scan(Buffer.concat([tar.subarray(0, at), error]), chunkBytes), {
          code: 'archiveTrailing',
          message: /no space left/,
        });
  });

  it('refuses headers that are not valid', () => {
    const good = tarHeader({ path: 'a', sizeBytes: 0 });
    const flipped = Buffer.from(good);
    flipped[3] = 1;
    const cases: [string, Buffer][] = [
      ['wrong checksum', flipped],
      ['size that is no number', patched(good, 124, '12x45678901')],
      ['negative size', patched(good, 124, Buffer.alloc(12, 0xff))],
      [
        'PAX record of wrong length',
        Buffer.concat([
          patched(tarHeader({ path: 'p', sizeBytes: 9 }), 156, 'x'),
          Buffer.from('99 a=b\n  '),
          tarPadding(9),
          good,
        ]),
      ],
      [
        'PAX header without an entry',
        Buffer.concat([
          patched(tarHeader({ path: 'p', sizeBytes: 6 }), 156, 'x'),
          Buffer.from('6 a=b\n'),
          tarPadding(6),
        ]),
      ],
    ];
    for (const [name, bytes] of cases)
      assert.throws(() => scan(Buffer.concat([bytes, tarEnd])), { code: 'archiveBadHeader' }, name);
  });

  it('stops at its limits', () => {
    const limits = { maxEntries: 2, maxRecordBytes: 1000, maxPathBytes: 100, maxGlobalBytes: 2000 };
    const scanner = (): TarScanner => new TarScanner('x.tar', limits);
    const entry = tarFile('a', '');
    assert.throws(() => scan(Buffer.concat([entry, entry, entry, tarEnd]), 512, scanner()), {
      code: 'archiveTooLarge',
    });
    assert.throws(() => scan(patched(tarHeader({ path: 'p', sizeBytes: 1001 }), 156, 'x'), 512, scanner()), {
      code: 'archiveTooLarge',
    });
    assert.throws(() => scan(Buffer.concat([tarHeader({ path: 'p'.repeat(101) }), tarEnd]), 512, scanner()), {
      code: 'archiveTooLarge',
    });
  });
});
