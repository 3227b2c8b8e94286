import assert from 'node:assert/strict';
import { isArchiveName, urisInList } from '../../../src/views/droppedFiles.ts';
import { portText } from '../../../src/views/portText.ts';
import { splitTag } from '../../../src/views/repositoryName.ts';
import { matchesFilter } from '../../../src/views/textFilter.ts';
import { escapeMarkdown, tooltipText } from '../../../src/views/tooltipText.ts';
import { ageOf, timeOf } from '../../../src/views/when.ts';
import { plainWording } from './plainWording.ts';

describe('a tooltip', () => {
  const hostile = [
    '<img src=x onerror=alert(1)>',
    '[click](command:drydock.remove)',
    '![x](https://example.org/x.png)',
    'https://example.org',
    '$(trash) `code` **bold** | bar &amp; \\ "quote"',
  ];
  for (const text of hostile)
    it(`shows ${text} as text`, () => {
      const escaped = escapeMarkdown(text);
      assert.equal(escaped.replace(/\\([!-/:-@[-`{-~])/g, '$1'), text);
      assert.doesNotMatch(escaped, /(?<!\\)(?:\\\\)*[<[\]|`*&$:.!(]/);
    });

  it('keeps a value with line breaks and control characters in its row', () => {
    const text = tooltipText({ title: 'a\u0000b\nc', rows: [['Tags', 'one\ntwo\u001b[31m']] });
    assert.equal(text, '**a b c**\n\n| | |\n|---|---|\n| Tags | one · two \\[31m |');
  });

  it('leaves out rows without a value, and the table when none is left', () => {
    assert.equal(tooltipText({ title: 'a', rows: [['Tags', '']] }), '**a**');
  });

  it('can’t be broken out of by backticks in an instruction', () => {
    const text = tooltipText({ title: 'RUN', rows: [], code: 'RUN a ``` b\n````\n<b>' });
    assert.equal(text, '**RUN**\n\n`````dockerfile\nRUN a ``` b\n````\n<b>\n`````');
  });

  it('makes marks visible that would turn a text around', () => {
    const text = tooltipText({ title: 'a\u202eb', rows: [], code: 'RUN a \u2066b\n\tc' });
    assert.equal(text, '**a\\\\u\\{202e\\}b**\n\n```dockerfile\nRUN a \\u{2066}b\n\tc\n```');
  });

  it('takes an instruction of nothing but backticks', () => {
    const text = tooltipText({ title: 'RUN', rows: [], code: '` '.repeat(500_000) });
    assert.ok(text.length < 5_000);
  });

  it('cuts what is long', () => {
    const text = tooltipText({
      title: 'a',
      rows: [['Labels', Array.from({ length: 100 }, (_, index) => `l${index}`).join('\n')]],
      code: 'x'.repeat(100_000),
    });
    assert.ok(text.length < 5_000);
    assert.match(text, /… \\\+88/);
  });
});

describe('texts of the trees', () => {
  const tags = [
    ['alpine:3', 'alpine', '3'],
    ['localhost:5000/a/b:1', 'localhost:5000/a/b', '1'],
    ['localhost:5000/a/b', 'localhost:5000/a/b', 'latest'],
    ['alpine', 'alpine', 'latest'],
  ] as const;
  for (const [name, repository, tag] of tags)
    it(`takes ${name} apart`, () => {
      assert.deepEqual(splitTag(name), { repository, tag });
    });

  it('shows ports as docker people read them', () => {
    assert.equal(portText({ containerPort: 80, protocol: 'tcp' }), '80');
    assert.equal(
      portText({ containerPort: 80, protocol: 'tcp', hostPort: 80, hostIp: '::1' }),
      '[::1]:80→80',
    );
    assert.equal(
      portText({ containerPort: 53, protocol: 'udp', hostPort: 5353, hostIp: '::' }),
      '5353→53/udp',
    );
  });

  it('says nothing about times that engines make up', () => {
    for (const timeMs of [undefined, 0, -62_135_596_800_000, Number.NaN, 1e20]) {
      assert.equal(ageOf(timeMs, plainWording), '');
      assert.equal(timeOf(timeMs, plainWording), '');
    }
  });

  it('filters by all words', () => {
    assert.ok(matchesFilter('', []));
    assert.ok(matchesFilter('Ab cd', ['xcdx', 'AB']));
    assert.ok(!matchesFilter('ab ef', ['abcd']));
  });

  it('reads a list of dropped URIs', () => {
    assert.deepEqual(urisInList('# comment\r\nfile:///a%20b.tar\r\n\r\nfile:///c.tgz\n'), [
      'file:///a%20b.tar',
      'file:///c.tgz',
    ]);
    assert.deepEqual(urisInList(''), []);
  });

  it('knows archives by their ending', () => {
    for (const name of ['a.tar', 'a.TAR.GZ', 'a.tgz', 'a.tar.zst', 'a.tar.xz', 'a.tar.bz2'])
      assert.ok(isArchiveName(name));
    for (const name of ['a.zip', 'tar', 'a.gz', 'a.tar.txt', 'a.tar.gz/']) assert.ok(!isArchiveName(name));
  });
});
