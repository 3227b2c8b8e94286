import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createVault } from '../../../src/core/vault/layout.ts';
import type { FakeRegistry } from '../../support/fakeRegistry.ts';
import type { PushedVault } from '../../support/pushedVault.ts';
import { registryHere } from '../../support/registryHere.ts';
import { putImage } from '../../support/remoteImages.ts';
import { cliWithRegistry, documentOf, type Document } from './cliWithRegistry.ts';
import type { Ran } from './runCliHere.ts';

describe('registries on the command line', function () {
  this.timeout(60_000);
  const here = cliWithRegistry();
  let made: PushedVault;
  let server: FakeRegistry;
  const drydock = (...argv: readonly string[]): Promise<Ran> => here.run(argv);
  beforeEach(() => {
    made = here.made();
    server = here.server();
  });

  it('push a snapshot under its name and pull it into another vault', async () => {
    const pushed = await drydock('push', made.image.refName, `${server.host}/backups`, '--json');
    assert.equal(pushed.exitCode, 0, pushed.stderr);
    const [one] = documentOf(pushed)['pushed'] as readonly Document[];
    const name = `${server.host}/backups:${made.image.refName.replace(':', '-')}`;
    assert.deepEqual([one?.['name'], one?.['digest'], one?.['form']], [name, made.image.id, 'index']);
    assert.equal(pushed.setting, undefined);
    const other = await createVault({ path: join(here.folder(), 'other'), compression: 'zstd' });
    const pulled = await drydock('pull', name, '--vault', other.paths.root);
    assert.equal(pulled.exitCode, 0, pulled.stderr);
    assert.match(pulled.stdout, /^Pulled and verified: app:1-\d+T\d+Z \([0-9a-f]{12}\), .* fetched\n$/);
    const again = await drydock('pull', name, '--vault', other.paths.root, '-q');
    assert.equal(again.stdout, `${made.image.id}\n`);
    assert.match((await drydock('snapshots', '--vault', other.paths.root)).stdout, /app:1/);
  });

  it('pull an image into a vault as a snapshot, with the platform that was chosen', async () => {
    const [one] = documentOf(
      await drydock('push', 'multi:1@latest', `${server.host}/app`, '--image', 'multi:1', '--json'),
    )['pushed'] as readonly Document[];
    const other = await createVault({ path: join(here.folder(), 'other'), compression: 'zstd' });
    const words = [`${server.host}/app:1`, '--vault', other.paths.root];
    const pulled = await drydock('pull', ...words, '--platform', 'linux/arm64', '--json');
    assert.equal(pulled.exitCode, 0, pulled.stderr);
    const [image] = documentOf(pulled)['pulled'] as readonly Document[];
    assert.deepEqual(
      [image?.['kind'], image?.['digest'], image?.['remarks']],
      ['image', one?.['digest'], []],
    );
    const shown = await drydock('show', `${server.host}/app:1@latest`, '--vault', other.paths.root);
    assert.match(shown.stdout, /linux\/arm64/);
    assert.doesNotMatch(shown.stdout, /linux\/amd64/);
    assert.match((await drydock('pull', ...words)).stdout, /^Pulled and verified: \S+app:1-\d+T\d+Z/);
    const wrong = await drydock('pull', ...words, '--platform', 'arm64');
    assert.deepEqual([wrong.exitCode, wrong.stderr.includes('linux/arm64, not "arm64"')], [2, true]);
  });

  it('push several snapshots, and tell which one failed', async () => {
    server.faults.push((request, response, { path }) => {
      if (
        request.method !== 'PUT' ||
        !path.endsWith(`/manifests/${made.container.refName.replace(/[/:]/g, '-')}`)
      )
        return 'passes';
      request.resume();
      response.writeHead(403).end();
      return 'handled';
    });
    const words = [made.image.refName, made.container.refName];
    const { exitCode, stdout, stderr } = await drydock('push', ...words, `${server.host}/backups`);
    assert.equal(exitCode, 3);
    assert.match(stdout, /^Pushed and verified: \S+app-1-/);
    assert.match(stderr, /doesn’t let this log-in store the manifest/);
  });

  it('push an image with the tag that it had, or with another, and say when its digest changes', async () => {
    const first = await drydock('push', 'app:1@latest', `${server.host}/app`, '--image', 'app:1', '--json');
    assert.equal(first.exitCode, 0, first.stderr);
    const [one] = documentOf(first)['pushed'] as readonly Document[];
    assert.deepEqual([one?.['name'], one?.['isRewritten']], [`${server.host}/app:1`, false]);
    assert.equal(first.stderr, '');
    const gzip = ['--image', String(one?.['image']).slice(7, 19), '--compression', 'gzip'];
    const second = await drydock('push', 'app:1@latest', `${server.host}/app:old`, ...gzip);
    assert.equal(second.exitCode, 0, second.stderr);
    assert.match(second.stderr, /note: .*app:old has another digest/);
    const none = await drydock('push', 'app:1@latest', `${server.host}/app`, '--image', 'nothing');
    assert.deepEqual([none.exitCode, none.stderr.includes('It has: app:1')], [1, true]);
  });

  it('say that a snapshot became a parcel', async () => {
    const { exitCode, stderr } = await drydock('push', 'sparse:1@latest', `${server.host}/backups:s`);
    assert.equal(exitCode, 0);
    assert.match(stderr, /note: .*lies there as a parcel/);
  });

  it('copy images by a rule, after saying what that would do', async () => {
    const dev = registryHere(server.host).repository('dev/app');
    const image = await putImage(dev, { content: 'x', tag: 'v1' });
    await putImage(dev, { content: 'y', tag: 'nightly' });
    const words = [`${server.host}/dev/*`, `${server.host}/prod/*`, '--tag', 'v*'];
    const planned = await drydock('sync', ...words, '--dry-run', '--json');
    const to = `${server.host}/prod/app:v1`;
    const planOf = { from: `${server.host}/dev/app:v1`, to, digest: image.digest, state: 'new', was: null };
    assert.deepEqual(documentOf(planned), { isDryRun: true, images: [planOf] });
    assert.ok(!server.manifests.has('prod/app v1'));
    const done = await drydock('sync', ...words);
    assert.deepEqual([done.exitCode, done.stderr], [0, '']);
    assert.match(done.stdout, /^Copied and verified: \S+\/prod\/app:v1 \(/);
    assert.match((await drydock('sync', ...words)).stdout, /^There already: /);
    assert.match((await drydock('sync', ...words, '--dry-run')).stdout, /same .*prod\/app:v1/);
    const none = await drydock('sync', words[0] ?? '', words[1] ?? '', '--tag', 'none');
    assert.match(none.stderr, /note: Nothing in the source is like that/);
    const one = await drydock('sync', `${server.host}/dev/app:v1`, `${server.host}/prod/other:stable`, '-q');
    assert.equal(one.stdout, `${server.host}/prod/other:stable\n`);
  });

  it('list tags, and remove old ones only when told twice', async () => {
    const app = registryHere(server.host).repository('app');
    for (const number of [1, 2, 3])
      await putImage(app, {
        content: `v${number}`,
        tag: `v${number}`,
        created: `2026-11-1${number}T00:00:00Z`,
      });
    const name = `${server.host}/app`;
    assert.equal((await drydock('tags', name, '-q')).stdout, 'v3\nv2\nv1\n');
    assert.match(
      (await drydock('tags', name, '--tag', 'v2')).stdout,
      /^TAG +CREATED +DIGEST\nv2 +\w.* +[0-9a-f]{12}\n$/,
    );
    const planned = await drydock('tags', name, '--keep-last', '2');
    assert.match(planned.stdout, /keep +v3[^]*remove +v1[^]*Would remove 1 of 3 tags/);
    const { removed } = documentOf(await drydock('tags', name, '--keep-last', '1', '--json'));
    assert.deepEqual(
      (removed as readonly Document[]).map(({ tag }) => tag),
      ['v2', 'v1'],
    );
    assert.equal((await drydock('tags', name, '-q')).stdout, 'v3\nv2\nv1\n');
    assert.match((await drydock('tags', name, '--keep-last', '2', '--yes')).stdout, /Removed 1 of 3 tags/);
    assert.equal((await drydock('tags', name, '-q')).stdout, 'v3\nv2\n');
  });

  it('are asked over http only where that is said of their host', async () => {
    await drydock('push', 'app:1@latest', `${server.host}/a:1`, '--plain-http', 'other.test:5000');
    assert.deepEqual(here.plain, []);
    await drydock('push', 'app:1@latest', `${server.host}/a:1`, '--plain-http', server.host);
    assert.deepEqual(here.plain, [server.host]);
  });

  it('end with 1 and one sentence where nothing is there', async () => {
    const { exitCode, stderr } = await drydock('pull', `${server.host}/none:1`);
    assert.equal(exitCode, 1);
    assert.equal(
      stderr,
      `drydock: The registry ${server.host} has no none:1. Check the name; a log-in may be needed to see it.\n`,
    );
  });

  for (const [what, argv, said] of [
    ['a digest to push to', ['push', 'x', `h.test/a@sha256:${'ab'.repeat(32)}`], /A digest can’t be chosen/],
    ['one tag for two snapshots', ['push', 'x', 'y', 'h.test/a:1'], /can’t have one TAG/],
    ['one image of two snapshots', ['push', 'x', 'y', 'h.test/a', '--image', 'z'], /can’t have one TAG/],
    ['a snapshot that is packed anew', ['push', 'x', 'h.test/a', '--compression', 'gzip'], /add --image/],
    ['no place to push to', ['push', 'x'], /An argument is missing/],
    ['a pull without a tag', ['pull', 'h.test/a'], /names nothing to pull/],
    ['a rule with one star', ['sync', 'h.test/a/*', 'h.test/b'], /the same number of \*/],
    ['all tags for one', ['sync', 'h.test/a', 'h.test/b:1'], /All tags can’t become one/],
    ['one tag of many repositories', ['sync', 'h.test/*:1', 'h.test/b/*'], /not with a \*/],
    ['the same place twice', ['sync', 'h.test/a:1', 'h.test/a:1'], /are the same/],
    ['one tag and a choice among all', ['sync', 'h.test/a:1', 'h.test/b', '--tag', 'v*'], /Leave them out/],
    ['tags of a tag', ['tags', 'h.test/a:1'], /without a tag/],
    ['to keep no tags', ['tags', 'h.test/a', '--keep-last', '0'], /a number from 1/],
    ['to remove without a number', ['tags', 'h.test/a', '--yes'], /goes with --keep-last/],
    ['a pull of what is no name', ['pull', 'https://h.test/a:1'], /no place in a registry/],
  ] as const)
    it(`refuse ${what}`, async () => {
      const { exitCode, stderr } = await drydock(...argv);
      assert.equal(exitCode, 2);
      assert.match(stderr, said);
      assert.deepEqual(server.seen, []);
    });
});
