import assert from 'node:assert/strict';
import { diffDocument } from '../../../src/core/diff/diffDocument.ts';
import { diffMarkdown } from '../../../src/core/diff/diffMarkdown.ts';
import type { DiffReport } from '../../../src/core/diff/diffReport.ts';
import type { FileFacts } from '../../../src/core/layers/treeNode.ts';
import { isDifferent } from '../../../src/core/diff/diffSums.ts';
import { diffText } from '../../../src/core/diff/diffText.ts';

const facts = (sizeBytes: number, more: Partial<FileFacts> = {}): FileFacts => ({
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes,
  mtime: 0,
  ...more,
});

const nothing: DiffReport = {
  left: { name: 'app:1', kind: 'image', fileCount: 1, sizeBytes: 1000 },
  right: { name: 'app:2', kind: 'image', fileCount: 3512, sizeBytes: 2_000_000 },
  strictness: 'semantic',
  files: [],
  config: [],
  history: [],
  packages: [],
  remarks: [],
};

const report: DiffReport = {
  ...nothing,
  files: [
    { path: 'added', kind: 'added', right: facts(12), fields: [] },
    { path: 'bin/sh', kind: 'content', left: facts(1000), right: facts(2000), fields: ['mode'] },
    {
      path: 'etc/conf',
      kind: 'metadata',
      left: facts(5),
      right: facts(5, { mode: 0o600, uid: 7, mtime: 1.5 }),
      fields: ['mode', 'owner', 'time', 'hardlinks'],
    },
    {
      path: 'lib',
      kind: 'type',
      left: facts(0, { type: 'directory' }),
      right: facts(0, { type: 'symlink', link: 'usr/lib' }),
      fields: [],
    },
    { path: 'new/name', kind: 'moved', from: 'old/name', left: facts(9), right: facts(9), fields: [] },
    { path: 'removed', kind: 'removed', left: facts(3_000), fields: [] },
  ],
  config: [
    { setting: 'Env PATH', left: '/bin', right: '/usr/bin' },
    { setting: 'Env TOKEN', left: '••••', right: '••••' },
    { setting: 'OnBuild', right: 'RUN a\nRUN b' },
  ],
  history: [
    { kind: 'same', keyword: 'ADD', text: 'ADD x /', isEmpty: false, hasSameLayer: true },
    { kind: 'removed', keyword: 'RUN', text: 'RUN <<EOF\n\tmake\nEOF', isEmpty: false },
    { kind: 'added', keyword: 'CMD', text: 'CMD ["a"]', isEmpty: true },
  ],
  packages: [
    { manager: 'dpkg', name: 'libc6', architecture: 'amd64', kind: 'upgraded', left: '2.36', right: '2.37' },
    { manager: 'npm', name: '@a/b', kind: 'added', right: '1.0.0' },
  ],
  remarks: [{ template: 'One list was not read.', args: {} }],
};

/** Names that a screen or a page would obey. */
const hostile = [
  '<img src=x onerror=alert(1)>',
  '`code` **bold** | cell',
  'line\nbreak\r\u2028',
  '\u202egnp.exe',
  '\u001b[31mred',
  '[a](javascript:x)',
  '# heading',
  '\udce9\udcff',
];

describe('a diff report as text', () => {
  it('shows every change, with both values of what differs', () => {
    assert.deepEqual(
      [...diffText(report)],
      [
        '--- app:1 (image, 1 file, 1.00 kB)',
        '+++ app:2 (image, 3,512 files, 2.00 MB)',
        'Compared by meaning: times and build history are left out of account.',
        '',
        'Files: 1 added (12 B), 1 removed (3.00 kB), 1 changed (1.00 kB → 2.00 kB), 1 with other metadata, 1 of another type (0 B), 1 moved (9 B)',
        '+                12 B  /added',
        'M   1.00 kB → 2.00 kB  /bin/sh  (mode -rw-r--r-- → -rw-r--r--)',
        'm                 5 B  /etc/conf  (mode -rw-r--r-- → -rw-------, owner 0:0 → 7:0, time 1970-01-01T00:00:00Z → 1970-01-01T00:00:01.500Z, hardlinks)',
        'T directory → symlink  /lib',
        '>                 9 B  /old/name → /new/name',
        '-             3.00 kB  /removed',
        '',
        'Packages: 2',
        'dpkg  upgraded    libc6:amd64  2.36 → 2.37',
        'npm  added       @a/b  - → 1.0.0',
        '',
        'Config: 3',
        'Env PATH',
        '  - /bin',
        '  + /usr/bin',
        'Env TOKEN (another value, not shown)',
        '  - ••••',
        '  + ••••',
        'OnBuild',
        '  + RUN a',
        '  + RUN b',
        '',
        'History: 2 of 3 steps',
        '- RUN <<EOF',
        '      make',
        '    EOF',
        '+ CMD ["a"]',
        '',
        'One list was not read.',
      ],
    );
  });

  it('leaves backslashes in values as they are, and tells those in names from what stands for a sign', () => {
    const lines = [
      ...diffText({
        ...nothing,
        files: [{ path: String.raw`a\u{202e}`, kind: 'added', right: facts(1), fields: [] }],
        config: [{ setting: 'Cmd', right: String.raw`["printf", "a\\n"]` }],
      }),
    ];
    assert.ok(lines.includes(String.raw`  + ["printf", "a\\n"]`));
    assert.ok(lines.includes(String.raw`+ 1 B  /a\\u{202e}`));
  });

  it('says so where nothing differs', () => {
    assert.deepEqual([...diffText({ ...nothing, strictness: 'strict' })].slice(2), [
      'Compared strictly: times and build history count.',
      '',
      'Files: no difference',
    ]);
  });

  it('shows names so that none steers the screen, one line each', () => {
    const lines = [...diffText(withNames())];
    for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    assert.equal(lines.length, [...diffText(nothing)].length + hostile.length + 5 + 3 + 3 + 2);
    assert.ok(lines.includes('+ 1 B  /line\\u{a}break\\u{d}\\u{2028}'));
    assert.ok(lines.includes('+ 1 B  /\\xe9\\xff'));
  });
});

function withNames(): DiffReport {
  const [first = '', second = '', third = ''] = hostile;
  return {
    ...nothing,
    left: { ...nothing.left, name: third },
    files: hostile.map((path) => ({ path, kind: 'added', right: facts(1), fields: [] })),
    config: [{ setting: `Labels ${second}`, left: first, right: '\u202e' }],
    history: [{ kind: 'added', keyword: '', text: second, isEmpty: true }],
    packages: [{ manager: 'npm', name: first, kind: 'added', right: second }],
    remarks: [{ template: '{third}', args: { third } }],
  };
}

describe('a diff report as Markdown', () => {
  it('has a table for each kind of change', () => {
    assert.deepEqual([...diffMarkdown(report)].slice(0, 18), [
      '# app:1 → app:2',
      '',
      '- left: app:1 (image, 1 file, 1.00 kB)',
      '- right: app:2 (image, 3,512 files, 2.00 MB)',
      '- files: 1 added (12 B), 1 removed (3.00 kB), 1 changed (1.00 kB → 2.00 kB), 1 with other metadata, 1 of another type (0 B), 1 moved (9 B)',
      '',
      'Compared by meaning: times and build history are left out of account.',
      '',
      '## Files',
      '',
      '|  | SIZE | PATH | OTHERWISE |',
      '| :-- | --: | :-- | :-- |',
      '| added | 12 B | /added |  |',
      '| changed | 1.00 kB → 2.00 kB | /bin/sh | mode -rw-r--r-- → -rw-r--r-- |',
      '| with other metadata | 5 B | /etc/conf | mode -rw-r--r-- → -rw-------, owner 0:0 → 7:0, time 1970-01-01T00:00:00Z → 1970-01-01T00:00:01.500Z, hardlinks |',
      '| of another type | directory → symlink | /lib |  |',
      '| moved | 9 B | /old/name → /new/name |  |',
      '| removed | 3.00 kB | /removed |  |',
    ]);
    const all = [...diffMarkdown(report)];
    assert.ok(all.includes('| upgraded | dpkg | libc6:amd64 | 2.36 → 2.37 |'));
    assert.ok(all.includes('| Env TOKEN | •••• | another value, not shown |'));
    assert.ok(all.includes('| OnBuild |  | RUN a<br>RUN b |'));
    assert.ok(all.includes('| removed | RUN &lt;&lt;EOF<br>make<br>EOF |'));
    assert.equal(all.at(-1), '- One list was not read.');
  });

  it('holds no markup of any name, and no sign that is not shown', () => {
    for (const line of diffMarkdown(withNames())) {
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      const unescaped = line.replace(/\\[\\`*_[\]<>|~&#+.)-]/g, '').replaceAll('<br>', '');
      assert.doesNotMatch(unescaped, /[<`*[\]]|(?<!^)(?<! )\|(?! |$)/);
    }
    const row = [...diffMarkdown(withNames())].find((line) => line.includes('cell')) ?? '';
    assert.equal(row, '| added | 1 B | /\\`code\\` \\*\\*bold\\*\\* \\| cell |  |');
  });

  it('says how many rows it leaves out', () => {
    const files = Array.from({ length: 5003 }, (_, at) => ({
      path: `f${at}`,
      kind: 'added' as const,
      right: facts(1),
      fields: [],
    }));
    const lines = [...diffMarkdown({ ...nothing, files })];
    assert.equal(lines.filter((line) => line.startsWith('| added')).length, 5000);
    assert.equal(lines.at(-1), '3 more are left out.');
  });
});

describe('a diff report as JSON', () => {
  it('has every fact, and the bytes of names that are no UTF-8', () => {
    const {
      files,
      sums,
      isDifferent: differs,
    } = diffDocument({
      ...report,
      files: [
        {
          path: 'caf\udce9',
          kind: 'moved',
          from: 'caf\udcff',
          left: facts(9),
          right: facts(9, { sha256: 'ab' }),
          fields: ['time'],
        },
      ],
    }) as { files: unknown; sums: Record<string, unknown>; isDifferent: boolean };
    assert.equal(differs, true);
    assert.deepEqual(sums['moved'], { count: 1, leftBytes: 9, rightBytes: 9 });
    const common = {
      type: 'file',
      mode: '0644',
      uid: 0,
      gid: 0,
      sizeBytes: 9,
      mtime: '1970-01-01T00:00:00Z',
      link: null,
    };
    assert.deepEqual(files, [
      {
        kind: 'moved',
        path: '/caf\ufffd',
        rawPath: Buffer.from('/caf\xe9', 'latin1').toString('base64'),
        from: '/caf\ufffd',
        rawFrom: Buffer.from('/caf\xff', 'latin1').toString('base64'),
        fields: ['time'],
        left: { ...common, sha256: null },
        right: { ...common, sha256: 'ab' },
      },
    ]);
    assert.deepEqual(JSON.parse(JSON.stringify(diffDocument(nothing))), {
      left: nothing.left,
      right: nothing.right,
      strictness: 'semantic',
      isDifferent: false,
      sums: Object.fromEntries(
        ['added', 'removed', 'content', 'metadata', 'type', 'moved'].map((kind) => [
          kind,
          { count: 0, leftBytes: 0, rightBytes: 0 },
        ]),
      ),
      files: [],
      config: [],
      history: [],
      packages: [],
      remarks: [],
    });
  });

  it('takes the history for a difference only when it is strict', () => {
    const history = report.history;
    assert.equal(isDifferent({ ...nothing, history }), false);
    assert.equal(isDifferent({ ...nothing, history, strictness: 'strict' }), true);
    assert.equal(isDifferent({ ...nothing, history: history.slice(0, 1), strictness: 'strict' }), false);
    assert.equal(isDifferent({ ...nothing, packages: report.packages }), true);
  });
});
