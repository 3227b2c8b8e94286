import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf } from '../../../src/core/digest.ts';
import { openSnapshot } from '../../../src/core/snapshot/snapshots.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import type { FakeRegistry } from '../../support/fakeRegistry.ts';
import type { PushedVault } from '../../support/pushedVault.ts';
import { cliWithRegistry, documentOf, type Document } from './cliWithRegistry.ts';
import type { Ran } from './runCliHere.ts';

describe('a vault in a registry on the command line', function () {
  this.timeout(60_000);
  const here = cliWithRegistry();
  let made: PushedVault;
  let server: FakeRegistry;
  let remote: string;
  const drydock = (...argv: readonly string[]): Promise<Ran> => here.run(argv, { vaultFolder: remote });
  beforeEach(() => {
    made = here.made();
    server = here.server();
    remote = `registry://${server.host}/backups`;
  });

  const fill = async (): Promise<void> => {
    const { exitCode, stderr } = await drydock('copy', '--vault', made.vault.paths.root, '--to', remote);
    assert.deepEqual([exitCode, stderr], [0, '']);
  };

  it('is filled by copy, and read by snapshots, show, ls, find, cat, extract and stats', async () => {
    const [word, root] = [made.container.refName, made.vault.paths.root];
    const copied = await drydock('copy', word, '--vault', root, '--to', remote);
    assert.match(copied.stdout, /^Copied and verified: container\/web:\S+ \(\w{12}\), .* new\n$/);
    const again = await drydock('copy', '--vault', root, '--to', remote, '--json');
    const { snapshots, to } = documentOf(again);
    assert.deepEqual(
      [to, (snapshots as readonly Document[]).filter(({ wasThere }) => wasThere).length],
      [remote, 1],
    );
    const listed = documentOf(await drydock('snapshots', '--json'));
    assert.deepEqual([listed['vault'], (listed['snapshots'] as readonly unknown[]).length], [remote, 4]);
    assert.match((await drydock('show', word)).stdout, /data/);
    assert.match((await drydock('ls', word, 'data:/')).stdout, /data/);
    assert.match((await drydock('find', '**/os-release')).stdout, /etc\/os-release/);
    assert.equal((await drydock('cat', word, 'web:/etc/os-release')).bytes.toString(), 'ID=test\n');
    const out = join(here.folder(), 'out');
    const extracted = await drydock('extract', word, 'web:/etc/os-release', '-o', out);
    assert.equal(extracted.exitCode, 0, extracted.stderr);
    assert.equal(await readFile(join(out, 'os-release'), 'utf8'), 'ID=test\n');
    const { stdout } = await drydock('stats');
    assert.match(stdout, /4 snapshots of .* blobs\)/);
    assert.doesNotMatch(stdout, /prune/);
  });

  it('is verified, and what is wrong in it is told with the advice that helps there', async () => {
    await fill();
    const whole = await drydock('verify', '--depth', 'contents', '--json');
    assert.equal(whole.exitCode, 0, whole.stderr);
    assert.equal(documentOf(whole)['isWhole'], true);
    const part = await drydock('verify', '--share', '1/2');
    assert.match(part.stdout, /^Nothing is wrong/);
    const { images } = await openSnapshot(made.vault, made.image);
    const layer = images[0]?.manifests[0]?.layers[0]?.descriptor.digest;
    assert.ok(layer);
    server.blobs.delete(`backups ${layer}`);
    const { exitCode, stdout, stderr } = await drydock('verify');
    assert.equal(exitCode, 1);
    assert.match(stdout, new RegExp(`^missing: ${layer}: .* hurts .*app:1`, 'm'));
    assert.match(stderr, /Copy what it hurts there again/);
    const mended = await drydock('copy', 'app:1@latest', '--vault', made.vault.paths.root, '--to', remote);
    assert.match(mended.stdout, /^The registry had it already, all of it is there: app:1/);
    assert.equal((await drydock('verify')).exitCode, 0);
  });

  it('fills a folder and another registry, and gives a folder back what it lost', async () => {
    await fill();
    const other = await createVault({ path: join(here.folder(), 'other'), compression: 'zstd' });
    const filled = await drydock('copy', '--to', other.paths.root, '-q');
    assert.equal(filled.stdout.trim().split('\n').length, 4, filled.stderr);
    assert.equal((await drydock('verify', '--vault', other.paths.root, '--depth', 'contents')).exitCode, 0);
    const second = `registry://${server.host}/second`;
    assert.equal((await drydock('copy', 'app:1@latest', '--to', second)).exitCode, 0);
    assert.match((await drydock('snapshots', '--vault', second)).stdout, /app:1/);
    const { images } = await openSnapshot(made.vault, made.image);
    const layer = images[0]?.manifests[0]?.layers[0]?.descriptor.digest;
    assert.ok(layer);
    await rm(blobPath(other.paths, layer));
    const repaired = await drydock('repair', '--vault', other.paths.root, '--from', remote, '--yes');
    assert.equal(repaired.exitCode, 0, repaired.stderr);
    assert.equal((await drydock('verify', '--vault', other.paths.root)).exitCode, 0);
    assert.equal((await drydock('copy', '--to', remote)).exitCode, 1);
  });

  it('forgets snapshots by name and by a policy, after saying which', async () => {
    await fill();
    const named = await drydock('forget', made.image.refName, '--dry-run');
    assert.match(named.stdout, /^Would remove app:1/);
    assert.equal((await drydock('forget', made.image.refName)).exitCode, 0);
    assert.doesNotMatch((await drydock('snapshots')).stdout, /app:1/);
    assert.ok(![...server.manifests.keys()].some((key) => key.endsWith(made.image.id)));
    assert.match((await drydock('forget', '--keep-last', '1', '--dry-run')).stdout, /Would remove 0 of 3/);
    assert.equal((await drydock('forget', hexOf(made.image.id).slice(0, 12))).exitCode, 1);
  });

  for (const [name, argv, said] of [
    [
      'backs up into one',
      ['backup', 'image', 'x'],
      /lies in a registry. Back up into a vault in a folder.*copy --to/,
    ],
    ['prunes one', ['prune'], /The registry frees what nothing names/],
    ['repairs one', ['repair'], /Copy the snapshots there again/],
    ['pulls into one', ['pull', 'h.test/a:1'], /from registry to registry/],
    ['makes one', ['init'], /needs no making/],
  ] as const)
    it(`says what to do instead when somebody ${name}`, async () => {
      const { exitCode, stderr } = await drydock(...argv);
      assert.ok(exitCode === 1 || exitCode === 2);
      assert.match(stderr, said);
      assert.deepEqual(server.seen, []);
    });

  it('says of a tag that can’t be read that it may be a snapshot', async () => {
    await fill();
    const bytes = Buffer.from('{"schemaVersion":2,');
    server.manifests.set('backups torn', { mediaType: 'application/vnd.oci.image.index.v1+json', bytes });
    const { exitCode, stdout, stderr } = await drydock('snapshots');
    assert.equal(exitCode, 0);
    assert.match(stdout, /app:1/);
    assert.match(stderr, /note: registry:\/\/.*\/backups:torn can’t be read/);
  });

  it('is told apart from what is no place, and asked over http only where that is said', async () => {
    const wrong = await drydock('snapshots', '--vault', 'registry://h/a:1');
    assert.deepEqual([wrong.exitCode, wrong.stderr.includes('registry://HOST/REPOSITORY')], [2, true]);
    const none = await drydock('snapshots');
    assert.deepEqual([none.exitCode, none.stderr.includes('has no backups')], [1, true]);
    await drydock('snapshots', '--plain-http', server.host);
    assert.deepEqual(here.plain, [server.host]);
  });
});
