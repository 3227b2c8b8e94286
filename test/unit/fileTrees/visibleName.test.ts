import assert from 'node:assert/strict';
import { exactPath } from '../../../src/core/layers/entryNames.ts';
import { exactName, visibleName } from '../../../src/core/fileTrees/visibleName.ts';

const raw = (bytes: Buffer): string =>
  exactPath({ path: bytes.toString('utf8'), rawPath: bytes.toString('base64') });

describe('a name made visible', () => {
  it('leaves usual names as they are', () => {
    for (const name of ['etc/passwd', 'Größe 中文.txt', 'a\\b', 'dev-disk-by\\x2dlabel.swap', '<b>&amp;'])
      assert.equal(visibleName(name), name);
  });

  it('shows what a screen would obey', () => {
    assert.equal(visibleName('a\u001b[31mb\n'), 'a\\u{1b}[31mb\\u{a}');
    assert.equal(visibleName('photo\u202egnp.exe'), 'photo\\u{202e}gnp.exe');
    assert.equal(visibleName('a\u200bb\u2028c\ufeff'), 'a\\u{200b}b\\u{2028}c\\u{feff}');
  });

  it('shows bytes that are no UTF-8', () => {
    assert.equal(visibleName(raw(Buffer.from([0x63, 0x61, 0x66, 0xe9]))), 'caf\\xe9');
  });

  it('reads every name back, and shows no two alike', () => {
    const names = [
      'a\\b',
      'a\\\\b',
      '\\',
      '\\\\',
      '\\x2d',
      '\\xe9',
      '\\\\xe9',
      raw(Buffer.from([0xe9])),
      raw(Buffer.from([0x5c, 0xe9])),
      raw(Buffer.from([0x5c, 0x5c, 0xe9])),
      '\u202e',
      '\\u{202e}',
      '\\\u202e',
      '\\\\u{202e}',
      '\\u{}',
      '\\u{110000}',
      'x/\u0001/\\y/\\u{1}',
      '😀',
      '\u{e0001}',
      '\ud800',
    ];
    for (const name of names) assert.equal(exactName(visibleName(name)), name, visibleName(name));
    assert.equal(new Set(names.map(visibleName)).size, names.length);
  });
});
