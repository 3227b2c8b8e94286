import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { unattended } from '../../../../src/core/progress.ts';
import { analyzeLayers } from '../../../../src/core/waste/analyzeWaste.ts';
import { findFindings, type Findings } from '../../../../src/core/waste/findings/findFindings.ts';
import type { Finding, FindingCode } from '../../../../src/core/waste/findings/finding.ts';
import { listedImage, type GivenEntry, type GivenStep } from '../../../support/listedImage.ts';

const MB = 1_000_000;
const run = (entries: readonly GivenEntry[], by = 'RUN build # buildkit'): GivenStep => ({ by, entries });
/** As the official images begin. */
const debian: GivenStep = {
  by: "# debian.sh --arch 'amd64' out/ 'bookworm' '@1700000000'",
  comment: 'debuerreotype 0.15',
  entries: [
    ['etc/os-release', 267],
    ['usr/bin/passwd', 68_000, { mode: 0o4755 }],
    ['usr/bin/chage', 72_000, { mode: 0o2755 }],
    ['var/log/dpkg.log', 200_000],
    ['var/cache/apt/pkgcache.bin', 5 * MB],
    ['var/lib/dpkg/status', 90_000],
    ['var/cache/debconf/templates.dat', 500_000],
  ],
};
const alpine: GivenStep = {
  by: 'ADD alpine-minirootfs-3.20.3-x86_64.tar.gz / # buildkit',
  entries: [
    ['etc/os-release', 188],
    ['bin/busybox', 800_000],
    ['bin/bbsuid', 14_000, { mode: 0o4111 }],
    ['lib/apk/db/installed', 12_000],
  ],
};
const server = { Cmd: ['/app/server'], User: '1000' };

async function found(
  steps: readonly GivenStep[],
  config: Readonly<Record<string, unknown>> = server,
  more: { readonly baseLayers?: number; readonly contents?: Readonly<Record<string, string>> } = {},
): Promise<Findings> {
  const image = listedImage(steps, config);
  const operation = unattended();
  const layers = image.layers.map((layer) => layer.entries(operation.signal));
  const { waste, root } = await analyzeLayers({ name: image.name, layers });
  const { contents, baseLayers } = more;
  return findFindings(
    {
      image,
      waste,
      root,
      ...(baseLayers !== undefined && { baseLayers }),
      ...(contents && {
        reader: {
          async *readMany(files) {
            for (const one of files) {
              const bytes = Readable.from([Buffer.from(contents[one.path] ?? '')]);
              yield await Promise.resolve({ one, bytes });
            }
          },
        },
      }),
    },
    operation,
  );
}

/** The one finding of this kind about layers above the base. */
function only({ findings }: Findings, code: FindingCode): Finding {
  const [one, ...others] = findings.filter((finding) => finding.code === code && !finding.isBase);
  assert.ok(one, `${code} is not among ${findings.map((finding) => finding.code).join(', ')}`);
  assert.equal(others.length, 0);
  return one;
}

/** What can be mended here. */
const codes = ({ findings }: Findings): readonly string[] =>
  findings.filter(({ isBase }) => !isBase).map(({ code }) => code);

describe('findings about an image', () => {
  it('are none about plain bases, which nobody who uses them can change', async () => {
    assert.deepEqual(codes(await found([debian, { by: 'CMD ["bash"]' }], { Cmd: ['bash'] })), []);
    assert.deepEqual(codes(await found([alpine, { by: 'CMD ["/bin/sh"]' }], { Cmd: ['/bin/sh'] })), []);
  });

  it('tell the caches of the base apart from one’s own', async () => {
    const all = await found([debian, run([['var/cache/apt/archives/a.deb', 3 * MB]])]);
    const caches = all.findings.filter(({ code }) => code === 'packageCache');
    assert.deepEqual(
      caches.map(({ place, isBase, savedBytes }) => [place, isBase, savedBytes]),
      [
        [1, false, 3 * MB],
        [0, true, 5 * MB],
      ],
    );
    assert.equal(all.baseLayers, 1);
    const named = await found([debian, run([['var/cache/apt/a', 3 * MB]]), run([])], server, {
      baseLayers: 2,
    });
    assert.deepEqual(codes(named), []);
  });

  for (const [tool, path] of [
    ['apt', 'var/lib/apt/lists/deb.debian.org_dists_bookworm_main_binary-amd64_Packages.lz4'],
    ['apk', 'var/cache/apk/APKINDEX.tar.gz'],
    ['dnf', 'var/cache/dnf/fedora-solv.cache'],
    ['yum', 'var/cache/yum/x86_64/7/base/gen/primary_db.sqlite'],
    ['zypper', 'var/cache/zypp/solv/x/solv'],
    ['pacman', 'var/cache/pacman/pkg/a.pkg.tar.zst'],
    ['pip', 'root/.cache/pip/http/a/b'],
    ['pip', 'home/app/.cache/pip/wheels/a.whl'],
    ['uv', 'root/.cache/uv/archive-v0/a'],
    ['npm', 'root/.npm/_cacache/content-v2/sha512/a'],
    ['yarn', 'usr/local/share/.cache/yarn/v6/a'],
    ['pnpm', 'root/.local/share/pnpm/store/v3/files/a'],
    ['go', 'root/.cache/go-build/00/a'],
    ['go', 'go/pkg/mod/cache/download/a.zip'],
    ['cargo', 'usr/local/cargo/registry/cache/a.crate'],
    ['composer', 'root/.composer/cache/files/a.zip'],
    ['gem', 'usr/local/bundle/cache/rails.gem'],
    ['gem', 'usr/lib/ruby/gems/3.1.0/cache/rake.gem'],
    ['maven', 'root/.m2/repository/org/a.jar'],
    ['gradle', 'root/.gradle/caches/8.5/a'],
    ['conda', 'opt/conda/pkgs/python.conda'],
  ] as const)
    it(`name what ${tool} leaves at ${path}, with the layer, the bytes and how to empty it`, async () => {
      const finding = only(
        await found([debian, run([[path, 2 * MB]], 'RUN install # buildkit')]),
        'packageCache',
      );
      assert.equal(finding.args['tool'], tool);
      assert.notEqual(finding.args['command'], '');
      assert.deepEqual(
        [finding.place, finding.instruction, finding.savedBytes, finding.wastedBytes, finding.paths],
        [1, 'RUN install', 2 * MB, 0, [path]],
      );
    });

  it('are none about folders that only look like caches, and none about a few bytes', async () => {
    const all = await found([
      debian,
      run([
        ['app/cache/data.bin', 5 * MB],
        ['root/.cache/huggingface/model.bin', 5 * MB],
        ['srv/var/lib/apt/lists/x', 5 * MB],
        ['var/lib/apt/lists/lock', 0],
        ['var/cache/apk/APKINDEX', 10_000],
        ['app/gems/x/cache.gem', 5 * MB],
      ]),
    ]);
    assert.deepEqual(codes(all), []);
  });

  it('count hard links only where removing all names gives bytes back', async () => {
    const linked = (link: string): GivenEntry => [
      link,
      0,
      { type: 'hardlink', link: 'root/.local/share/pnpm/store/v3/a' },
    ];
    const store: GivenEntry = ['root/.local/share/pnpm/store/v3/a', 4 * MB];
    const shared = await found([debian, run([store, linked('app/node_modules/a')])]);
    assert.deepEqual(codes(shared), []);
    const inside = await found([debian, run([store, linked('root/.local/share/pnpm/store/v3/b')])]);
    const { savedBytes, pathCount } = only(inside, 'packageCache');
    assert.deepEqual([savedBytes, pathCount], [4 * MB, 2]);
  });

  it('tell caches that are deleted too late from those that can be seen', async () => {
    const all = await found([
      debian,
      run([
        ['var/lib/apt/lists/a', 3 * MB],
        ['var/lib/apt/lists/b', 2 * MB],
      ]),
      run([['var/lib/apt/lists/.wh.a']]),
    ]);
    const { place, savedBytes, wastedBytes, severity } = only(all, 'packageCache');
    assert.deepEqual([place, savedBytes, wastedBytes, severity], [1, 2 * MB, 3 * MB, 'low']);
    assert.deepEqual(codes(all), ['packageCache']);
  });

  it('name files that a later layer deletes, by the layer that carries them', async () => {
    const all = await found([
      debian,
      run([['opt/source.tar', 30 * MB]], 'COPY source.tar /opt # buildkit'),
      run([['opt/.wh.source.tar']]),
    ]);
    const { place, args, instruction, savedBytes, wastedBytes, severity } = only(all, 'deletedLater');
    assert.deepEqual(
      [place, args, instruction, savedBytes, wastedBytes, severity],
      [1, { by: '2' }, 'COPY source.tar /opt', 0, 30 * MB, 'medium'],
    );
  });

  it('name what a change of mode or owner copies, by the layer that does it', async () => {
    const tool: GivenEntry = ['app/tool', 5 * MB];
    const all = await found([
      debian,
      run([tool]),
      run([['app/tool', 5 * MB, { mode: 0o755 }]], 'RUN chmod +x /app/tool # buildkit'),
    ]);
    const { place, wastedBytes, paths } = only(all, 'copiedFiles');
    assert.deepEqual([place, wastedBytes, paths], [2, 5 * MB, ['app/tool']]);
  });

  it('name files that three layers or more bring, and not those of two', async () => {
    const status = (size: number): GivenStep => run([['var/lib/dpkg/status', size]]);
    const all = await found([debian, status(95_000), status(99_000)]);
    const { place, wastedBytes, pathCount } = only(all, 'repeatedChange');
    assert.deepEqual([place, wastedBytes, pathCount], [2, 90_000 + 95_000, 1]);
    assert.deepEqual(codes(await found([debian, status(95_000)])), []);
  });

  it('name logs and temporary files of one’s own layers', async () => {
    const all = await found([
      debian,
      run([
        ['var/log/apt/term.log', 300_000],
        ['tmp/build/a.o', 400_000],
        ['var/tmp/x', 1],
      ]),
    ]);
    assert.deepEqual(only(all, 'temporaryFiles').pathCount, 2);
    assert.deepEqual(
      all.findings
        .filter(({ code }) => code === 'logs')
        .map(({ isBase, savedBytes }) => [isBase, savedBytes]),
      [
        [false, 300_000],
        [true, 200_000],
      ],
    );
  });

  it('name tools for building in an image that runs a program, together for each layer', async () => {
    const tools = run([
      ['usr/bin/gcc-12', MB],
      ['usr/bin/x86_64-linux-gnu-gcc-12', MB],
      ['usr/lib/gcc/x86_64-linux-gnu/12/cc1', 30 * MB],
      ['usr/bin/make', 200_000],
    ]);
    const { args, savedBytes, severity } = only(await found([debian, tools]), 'buildTools');
    assert.equal(savedBytes, 32 * MB + 200_000);
    assert.deepEqual([...(args['tools'] ?? '').split(', ')].sort(), ['gcc', 'make']);
    assert.equal(severity, 'medium');
    assert.deepEqual(codes(await found([debian, tools], { Cmd: ['bash'] })), []);
    assert.deepEqual(codes(await found([debian, run([['app/bin/make', 9 * MB]])])), []);
  });

  it('name setuid and setgid programs that an own layer brings', async () => {
    const all = await found([
      debian,
      run([
        ['usr/bin/sudo', 280_000, { mode: 0o4755 }],
        ['usr/bin/write', 20_000, { mode: 0o2755 }],
        ['run/lock', 1, { mode: 0o2644 }],
      ]),
    ]);
    const own = all.findings.filter(({ code, isBase }) => code === 'setuidFiles' && !isBase);
    assert.deepEqual(
      own.map(({ paths, severity }) => [paths, severity]),
      [[['usr/bin/sudo', 'usr/bin/write'], 'low']],
    );
  });

  for (const path of [
    'root/.ssh/id_rsa',
    'app/.env',
    'app/.env.production',
    'root/.aws/credentials',
    'home/me/.pypirc',
  ])
    it(`take ${path} for a secret by its name`, async () => {
      const { severity, place, paths } = only(await found([debian, run([[path, 100]])]), 'secretFile');
      assert.deepEqual([severity, place, paths], ['high', 1, [path]]);
    });

  for (const path of [
    'root/.ssh/id_rsa.pub',
    'app/.env.example',
    'app/node_modules/x/.env',
    'root/.npmrc',
    'etc/ssl/certs/ca.pem',
    'usr/lib/jvm/java/lib/security/cacerts',
    'usr/lib/python3/dist-packages/x/id_rsa',
  ])
    it(`do not take ${path} for one`, async () => {
      assert.deepEqual(codes(await found([debian, run([[path, 100]])])), []);
    });

  it('name secrets that were deleted and are still in a layer', async () => {
    const all = await found([
      debian,
      run([['root/.ssh/id_ed25519', 400]]),
      run([['root/.ssh/.wh.id_ed25519']]),
    ]);
    const large = await found([debian, run([['.env', 400_000]]), run([['.wh..env']])]);
    assert.deepEqual(codes(large), ['hiddenSecretFile'], 'its bytes are counted once');
    const { severity, place, wastedBytes } = only(all, 'hiddenSecretFile');
    assert.deepEqual([severity, place, wastedBytes], ['high', 1, 400]);
    const key: GivenEntry = ['root/.ssh/id_ed25519', 400];
    const readOnly: GivenEntry = ['root/.ssh/id_ed25519', 400, { mode: 0o600 }];
    assert.deepEqual(codes(await found([debian, run([key]), run([readOnly])])), ['secretFile']);
  });

  it('name secrets in files by their form, never their values, and say how many files were looked into', async () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const layer = run([
      ['app/config.json', 100],
      ['app/readme.txt', 100],
      ['app/image.png', 100],
      ['root/.npmrc', 60],
      ['app/big.json', 9 * MB],
    ]);
    const all = await found([debian, layer], server, {
      contents: {
        'app/config.json': JSON.stringify({ github: token }),
        'app/readme.txt': 'The password: is changed each month. token = ${TOKEN}',
        'root/.npmrc': '//registry.npmjs.org/:_authToken=0123456789abcdef0123',
      },
    });
    assert.deepEqual(
      all.findings
        .filter(({ code }) => code === 'secretContent')
        .map(({ args, paths }) => [args['kind'], paths]),
      [
        ['GitHub', ['app/config.json']],
        ['npm', ['root/.npmrc']],
      ],
    );
    assert.deepEqual(all.lookedInto, { files: 3, left: 0 });
    assert.equal(JSON.stringify(all).includes(token), false);
    assert.equal(JSON.stringify(all).includes('0123456789abcdef'), false);
  });

  it('go on by the names of files where their contents can’t be read, and say so', async () => {
    const image = listedImage(
      [
        debian,
        run([
          ['app/a.json', 5],
          ['app/.env', 5],
        ]),
      ],
      server,
    );
    const operation = unattended();
    const layers = image.layers.map((layer) => layer.entries(operation.signal));
    const { waste, root } = await analyzeLayers({ name: 'app:1', layers });
    const all = await findFindings(
      {
        image,
        waste,
        root,
        reader: {
          async *readMany() {
            yield await Promise.reject(new Error('the engine is away'));
          },
        },
      },
      operation,
    );
    assert.deepEqual(all.lookedInto, { files: 0, left: 2, problem: 'the engine is away' });
    assert.equal(only(all, 'secretFile').pathCount, 1);
  });

  it('put the worst first and the base’s last', async () => {
    const all = await found(
      [
        debian,
        run([
          ['app/.env', 1],
          ['tmp/big', 20 * MB],
          ['var/log/a', MB],
        ]),
      ],
      { Cmd: ['x'] },
    );
    assert.deepEqual(
      all.findings.filter(({ isBase }) => !isBase).map(({ severity }) => severity),
      ['high', 'medium', 'medium', 'low'],
    );
    assert.equal(all.findings.at(-1)?.isBase, true);
  });
});
