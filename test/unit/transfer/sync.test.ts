import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import { ociIndexType } from '../../../src/core/oci/mediaTypes.ts';
import { unattended } from '../../../src/core/progress.ts';
import type {
  RemoteManifest,
  RemoteRegistry,
  RemoteRepository,
} from '../../../src/core/registry/remoteRepository.ts';
import { copyImage } from '../../../src/core/transfer/copyImage.ts';
import { childrenFirst, lacksAny } from '../../../src/core/transfer/documentGraph.ts';
import { planKeepLast, planRemoval, readTags, removeTags } from '../../../src/core/transfer/keepLastTags.ts';
import { planSync } from '../../../src/core/transfer/planSync.ts';
import { capturesOf, isChosen, type TagFilter } from '../../../src/core/transfer/wildcard.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { listed, pseudoRandom, registryHere } from '../../support/registryHere.ts';
import { cosignTag, putImage, putIndex, putSignature } from '../../support/remoteImages.ts';

const operation = unattended();
const everything: TagFilter = { include: [], exclude: [] };

describe('a pattern', () => {
  for (const [pattern, text, captures] of [
    ['v*', 'v1.2', ['1.2']],
    ['*', '', ['']],
    ['dev/*', 'dev/team/app', ['team/app']],
    ['dev/*', 'dev', undefined],
    ['*/x/*', 'a/x/b/x/c', ['a', 'b/x/c']],
    ['a?c', 'abc', []],
    ['a?c', 'ac', undefined],
    ['1.0', '1x0', undefined],
    ['*a*a*a*a*b', 'a'.repeat(128), undefined],
    ['v*-rc*', 'v1-2-rc3', ['1-2', '3']],
  ] as const)
    it(`${pattern} ${captures === undefined ? 'does not mean' : 'means'} ${text.slice(0, 20)}`, () => {
      assert.deepEqual(capturesOf(pattern, text), captures);
    });

  it('chooses what is meant and not left out', () => {
    const filter = { include: ['v*', 'latest'], exclude: ['*-rc*'] };
    assert.deepEqual(
      ['v1', 'v1-rc1', 'latest', 'dev'].filter((tag) => isChosen(tag, filter)),
      ['v1', 'latest'],
    );
    assert.ok(isChosen('anything', everything));
  });
});

describe('documents that name each other', () => {
  const documentOf = (fields: object): RemoteManifest => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...fields }));
    return { mediaType: ociIndexType, digest: digestOf(bytes), sizeBytes: bytes.length, bytes };
  };
  const listing = (...children: readonly RemoteManifest[]): RemoteManifest =>
    documentOf({
      manifests: children.map(({ mediaType, digest, sizeBytes: size }) => ({ mediaType, digest, size })),
    });

  it('come after what they name, whatever the order they are found in, and however deep they nest', () => {
    const shared = listing();
    const middle = listing(shared);
    const top = listing(shared, middle);
    for (const found of [
      [top, shared, middle],
      [top, middle, shared],
      [shared, top, middle],
    ])
      assert.deepEqual(childrenFirst(found, 'test'), [shared, middle, top]);
    const chain = [listing()];
    for (let depth = 0; depth < 20_000; depth += 1) chain.push(listing(...chain.slice(-1)));
    assert.deepEqual(childrenFirst([...chain].reverse(), 'test'), chain);
  });

  it('may lack some', () => {
    const child = listing();
    assert.equal(lacksAny([listing(child), child], 'test'), false);
    assert.equal(lacksAny([listing(child)], 'test'), true);
  });
});

describe('copying between registries', () => {
  let servers: { readonly from: FakeRegistry; readonly to: FakeRegistry };
  let registries: { readonly from: RemoteRegistry; readonly to: RemoteRegistry };
  let from: RemoteRepository;
  let to: RemoteRepository;
  beforeEach(async () => {
    servers = { from: new FakeRegistry(), to: new FakeRegistry() };
    servers.to.wantsEverything = true;
    for (const server of Object.values(servers)) await server.start();
    registries = { from: registryHere(servers.from.host), to: registryHere(servers.to.host) };
    from = registries.from.repository('dev/app');
    to = registries.to.repository('prod/app');
  });
  afterEach(async () => {
    for (const registry of Object.values(registries)) registry.close();
    for (const server of Object.values(servers)) await server.stop();
  });

  const copy = async (ref: string, tag?: string) =>
    copyImage(
      { from, to },
      { ref, ...(tag !== undefined && { tag }), sourceTags: await listed(from.tags()) },
      operation,
    );

  for (const listsReferrers of [true, false])
    it(`keeps digests, all platforms and all that refers to them, ${listsReferrers ? 'as registries list it' : 'by tags of old registries'}`, async () => {
      servers.from.listsReferrers = listsReferrers;
      const amd = await putImage(from, { content: 'amd' });
      const arm = await putImage(from, { content: 'arm', architecture: 'arm64' });
      const index = await putIndex(from, '1', [amd, arm]);
      const signature = await putSignature(from, index, { says: 'signed' });
      const attestation = await putSignature(from, arm, { says: 'built so' });
      const second = await putSignature(from, signature, { says: 'signed again' });
      const cosigned = await putSignature(from, index, { says: 'by cosign', tag: cosignTag(index.digest) });
      const copied = await copy('1', '1');
      assert.deepEqual([copied.digest, copied.wasThere, copied.companions], [index.digest, false, 4]);
      for (const { digest } of [index, amd, arm, signature, attestation, second, cosigned])
        assert.deepEqual((await to.getManifest(digest))?.bytes, (await from.getManifest(digest))?.bytes);
      assert.equal((await to.headManifest(cosignTag(index.digest)))?.digest, cosigned.digest);
      for (const [subject, referrer] of [
        [index, signature],
        [arm, attestation],
        [signature, second],
      ] as const)
        assert.deepEqual(
          (await to.referrers(subject.digest)).map(({ digest }) => digest),
          [referrer.digest],
        );
      const again = await copy('1', '1');
      assert.deepEqual([again.wasThere, again.blobs.sent, again.blobs.mounted], [true, 0, 0]);
    });

  it('keeps an index that refers to an image in the list of its referrers', async () => {
    const image = await putImage(from, { content: 'x', tag: '1' });
    const part = await putImage(from, { content: 'a list of parts' });
    const { mediaType, digest, sizeBytes: size } = image;
    const parts = await putIndex(from, undefined, [part], { subject: { mediaType, digest, size } });
    const { companions } = await copy('1', '1');
    assert.equal(companions, 1);
    for (const each of [from, to])
      assert.deepEqual(
        (await each.referrers(image.digest)).map((one) => one.digest),
        [parts.digest],
      );
  });

  it('brings a signature that came later to what is there already', async () => {
    const image = await putImage(from, { content: 'x', tag: '1' });
    await copy('1', '1');
    const signature = await putSignature(from, image, { says: 'late' });
    const { wasThere, companions, blobs } = await copy('1', '1');
    assert.deepEqual([wasThere, companions, blobs.sent], [true, 1, 2]);
    assert.deepEqual(
      (await to.referrers(image.digest)).map(({ digest }) => digest),
      [signature.digest],
    );
  });

  it('brings what is lacking below a tag that stands for it already', async () => {
    const arm = await putImage(from, { content: 'arm', architecture: 'arm64' });
    const index = await putIndex(from, '1', [await putImage(from, { content: 'amd' }), arm]);
    await copy('1', '1');
    servers.to.manifests.delete(`prod/app ${arm.digest}`);
    servers.to.blobs.delete(`prod/app ${digestOf('amd')}`);
    servers.to.seen.length = 0;
    const { wasThere, blobs } = await copy('1', '1');
    assert.deepEqual([wasThere, blobs.sent], [false, 1]);
    assert.ok(await to.headManifest(arm.digest));
    assert.ok(await to.headBlob(digestOf('amd')));
    assert.ok(
      !servers.to.asked.includes(`PUT /v2/prod/app/manifests/${index.digest}`),
      'gives the tag again',
    );
    assert.equal((await copy('1', '1')).wasThere, true);
  });

  it('is no success where the registry only remembers what its storage lost', async () => {
    await putImage(from, { content: 'lost', tag: '1' });
    const lost = digestOf('lost');
    servers.to.faults.push((request, response, { path }) => {
      if (request.method !== 'HEAD' || !path.endsWith(lost)) return 'passes';
      response.writeHead(200, { 'content-length': 4, 'docker-content-digest': lost }).end();
      return 'handled';
    });
    servers.to.wantsEverything = false;
    const { code, details } = await failureOf(copy('1', '1'));
    assert.deepEqual(
      [code, details['found'], details['expected']],
      ['registryContentWrong', 'nothing', lost],
    );
  });

  it('puts a signature into the list again from which another writer dropped it', async () => {
    const image = await putImage(from, { content: 'x', tag: '1' });
    await copy('1', '1');
    const ours = await putSignature(from, image, { says: 'ours' });
    const theirs = await putSignature(to, image, { says: 'theirs' });
    const key = `prod/app ${image.digest.replace(':', '-')}`;
    const before = servers.to.manifests.get(key);
    assert.ok(before);
    let isRaced = false;
    servers.to.faults.push((request, _, { path }) => {
      // They read the list before ours was in it, and write theirs when ours was already seen there.
      if (request.method !== 'GET' || isRaced || !path.endsWith(ours.digest)) return 'passes';
      isRaced = true;
      servers.to.manifests.set(key, before);
      return 'passes';
    });
    await copy('1', '1');
    assert.ok(isRaced);
    assert.deepEqual(
      (await to.referrers(image.digest)).map(({ digest }) => digest).sort(),
      [ours.digest, theirs.digest].sort(),
    );
  });

  it('mounts within one registry', async () => {
    await putImage(from, { content: 'x', tag: '1' });
    const near = registries.from.repository('other');
    const { blobs } = await copyImage({ from, to: near }, { ref: '1', tag: '1', sourceTags: [] }, operation);
    assert.deepEqual([blobs.mounted, blobs.sent], [2, 0]);
  });

  it('goes on when the source breaks off, and when the target does', async () => {
    const content = pseudoRandom(3 << 20);
    const image = await putImage(from, { content, tag: '1' });
    const broken = { from: false, to: false };
    servers.from.faults.push((request, response, { path }) => {
      if (request.method !== 'GET' || !path.includes('/blobs/') || broken.from) return 'passes';
      const blob = [...servers.from.blobs].find(([key]) => path.endsWith(key.split(' ')[1] ?? ''))?.[1];
      if (blob === undefined || blob.length < 1 << 20) return 'passes';
      broken.from = true;
      response.writeHead(200, { 'content-length': blob.length });
      response.write(blob.subarray(0, 1 << 20), () => response.destroy());
      return 'handled';
    });
    servers.to.faults.push((request, response) => {
      if (request.method !== 'PATCH' || broken.to) return 'passes';
      broken.to = true;
      request.resume();
      response.writeHead(503).end();
      return 'handled';
    });
    assert.equal((await copy('1', '1')).digest, image.digest);
    assert.deepEqual(broken, { from: true, to: true });
  });

  it('copies by digest without a tag, and says where there is nothing', async () => {
    const image = await putImage(from, { content: 'x', tag: '1' });
    await copy(image.digest);
    assert.equal((await to.headManifest(image.digest))?.digest, image.digest);
    assert.equal((await failureOf(listed(to.tags()))).code, 'registryMissing');
    assert.equal((await failureOf(copy('none', 'none'))).code, 'registryMissing');
  });

  it('moves no tag when a blob of the source is not what it should be', async () => {
    const content = pseudoRandom(1000);
    await putImage(from, { content, tag: '1' });
    for (const [key, bytes] of servers.from.blobs)
      if (bytes.equals(content)) servers.from.blobs.set(key, Buffer.alloc(bytes.length));
    assert.equal((await failureOf(copy('1', '1'))).code, 'registryContentWrong');
    assert.equal(await to.headManifest('1'), undefined);
  });

  it('is planned by a rule over many repositories, with what is there already', async () => {
    const same = await putImage(from, { content: 'a', tag: 'v1' });
    const moved = await putImage(from, { content: 'b', tag: 'v2' });
    await putImage(from, { content: 'c', tag: 'v2-rc1' });
    await putImage(from, { content: 'c', tag: 'dev' });
    await putSignature(from, same, { says: 's', tag: cosignTag(same.digest) });
    const other = await putImage(registries.from.repository('dev/team/db'), { content: 'd', tag: 'v1' });
    await putImage(registries.from.repository('else'), { content: 'e', tag: 'v1' });
    await copy('v1', 'v1');
    const before = await putImage(to, { content: 'old', tag: 'v2' });
    servers.to.seen.length = 0;
    const { items, sourceTags } = await planSync(
      registries,
      { rule: { from: 'dev/*', to: 'prod/*' }, tags: { include: ['v*'], exclude: ['*-rc*'] } },
      operation,
    );
    assert.deepEqual(items, [
      { from: 'dev/app', to: 'prod/app', ref: 'v1', tag: 'v1', digest: same.digest, state: 'same' },
      {
        from: 'dev/app',
        to: 'prod/app',
        ref: 'v2',
        tag: 'v2',
        digest: moved.digest,
        state: 'changed',
        was: before.digest,
      },
      { from: 'dev/team/db', to: 'prod/team/db', ref: 'v1', tag: 'v1', digest: other.digest, state: 'new' },
    ]);
    assert.ok(sourceTags.get('dev/app')?.includes(cosignTag(same.digest)));
    // Nothing was changed by looking.
    assert.ok(servers.to.seen.every(({ method }) => method === 'HEAD' || method === 'GET'));
  });
});

describe('keeping the last tags of a repository', () => {
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let app: RemoteRepository;
  beforeEach(async () => {
    server = new FakeRegistry();
    await server.start();
    registry = registryHere(server.host);
    app = registry.repository('app');
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  const day = (number: number): string => `2026-11-0${number}T00:00:00Z`;
  const plan = async (count: number, filter = everything) =>
    planKeepLast(await readTags(app, operation), { count, filter });
  const tagsOf = (list: readonly { readonly tag: string }[]) => list.map(({ tag }) => tag);

  it('removes the oldest, with what is about them, and nothing that is needed', async () => {
    for (const number of [1, 2, 3, 4])
      await putImage(app, { content: `v${number}`, created: day(number), tag: `v${number}` });
    // The same image as the oldest one, which is to stay.
    await putImage(app, { content: 'v1', created: day(1), tag: 'stable' });
    const gone = await app.headManifest('v2');
    assert.ok(gone);
    await putSignature(app, gone, { says: 's', tag: cosignTag(gone.digest) });
    await putSignature(app, gone, { says: 'r' });
    const chosen = { include: ['v*'], exclude: [] };
    const made = await plan(2, chosen);
    assert.deepEqual(tagsOf(made.removed), ['v2']);
    assert.deepEqual(
      made.kept.map(({ image, reason }) => [image.tag, reason]),
      [
        ['v4', 'recent'],
        ['v3', 'recent'],
        ['stable', 'notChosen'],
        ['v1', 'shared'],
      ],
    );
    await removeTags(app, made, operation);
    assert.deepEqual(await listed(app.tags()), ['stable', 'v1', 'v3', 'v4']);
    assert.equal(await app.headManifest(gone.digest), undefined);
    assert.deepEqual(tagsOf((await plan(2, chosen)).removed), []);
  });

  it('keeps a signature that a tag which stays stands for as well', async () => {
    await putImage(app, { content: 'new', created: day(2), tag: 'new' });
    for (const name of ['one', 'two']) await putImage(app, { content: name, created: day(1), tag: name });
    for (const [name, mark] of [
      ['one', 'signed'],
      ['two', cosignTag((await app.headManifest('new'))?.digest ?? assert.fail())],
    ] as const) {
      const gone = (await app.headManifest(name)) ?? assert.fail();
      await putSignature(app, gone, { says: name, tag: cosignTag(gone.digest) });
      await putSignature(app, gone, { says: name, tag: mark });
    }
    await removeTags(app, await plan(1, { include: [], exclude: ['signed'] }), operation);
    const left = await listed(app.tags());
    assert.deepEqual(
      ['new', 'signed', 'one', 'two'].map((tag) => left.includes(tag)),
      [true, true, false, false],
    );
    assert.equal(left.filter((tag) => tag.endsWith('.sig')).length, 3);
  });

  it('does not say that something is gone which the registry kept', async () => {
    await putImage(app, { content: 'a', created: day(1), tag: 'old' });
    await putImage(app, { content: 'b', created: day(2), tag: 'new' });
    server.faults.push((request, response) => {
      if (request.method !== 'DELETE') return 'passes';
      response.writeHead(202).end();
      return 'handled';
    });
    assert.equal((await failureOf(removeTags(app, await plan(1), operation))).code, 'registryRefused');
  });

  it('keeps a platform that an index needs, and dates an index by its first one', async () => {
    const amd = await putImage(app, { content: 'a', created: day(1), tag: '1-amd64' });
    const arm = await putImage(app, { content: 'b', created: day(2), tag: '1-arm64', architecture: 'arm64' });
    await putIndex(app, '1', [arm, amd]);
    await putImage(app, { content: 'c', created: day(3), tag: '0-old' });
    await putImage(app, { content: 'd', created: day(5), tag: '2' });
    const { kept, removed } = await plan(2, { include: ['?', '*-*'], exclude: ['0-*'] });
    assert.deepEqual(tagsOf(removed), []);
    assert.deepEqual(
      kept.map(({ image, reason }) => `${image.tag} ${reason}`).sort(),
      ['0-old notChosen', '1 recent', '1-amd64 shared', '1-arm64 shared', '2 recent'].sort(),
    );
  });

  it('never removes what has no date, or says 1970', async () => {
    await putImage(app, { content: 'a', tag: 'none' });
    await putImage(app, { content: 'b', tag: 'epoch', created: '1970-01-01T00:00:00Z' });
    await putImage(app, { content: 'c', tag: 'new', created: day(1) });
    const { kept, removed } = await plan(1);
    assert.deepEqual(removed, []);
    assert.deepEqual(
      kept.map(({ reason }) => reason),
      ['recent', 'undated', 'undated'],
    );
  });

  it('removes nothing when a tag was moved since it was planned', async () => {
    await putImage(app, { content: 'a', created: day(1), tag: 'old' });
    await putImage(app, { content: 'b', created: day(2), tag: 'new' });
    const made = await plan(1);
    await putImage(app, { content: 'a', created: day(1), tag: 'new' });
    assert.equal((await failureOf(removeTags(app, made, operation))).code, 'tagMoved');
    assert.deepEqual(await listed(app.tags()), ['new', 'old']);
  });

  it('removes nothing when a tag that came since needs what is to go', async () => {
    const old = await putImage(app, { tag: 'old', content: 'old', created: day(1) });
    await putImage(app, { tag: 'new', content: 'new', created: day(2) });
    const first = await plan(1);
    await putIndex(app, 'stable', [old]);
    assert.equal((await failureOf(removeTags(app, first, operation))).code, 'tagMoved');
    await app.deleteManifest('stable');
    await app.putManifest((await app.getManifest('old')) ?? assert.fail(), { tag: 'promoted' });
    assert.equal((await failureOf(removeTags(app, first, operation))).code, 'tagMoved');
    assert.deepEqual((await listed(app.tags())).sort(), ['new', 'old', 'promoted']);
  });

  it('says what goes with a tag that is deleted, and which tags need it', async () => {
    const image = await putImage(app, { tag: '1', content: 'one' });
    await putImage(app, { tag: '1.0', content: 'one' });
    const other = await putImage(app, { tag: '2', content: 'two' });
    await putIndex(app, 'multi', [image]);
    const images = await readTags(app, operation);
    const needed = planRemoval(images, new Set(['1']));
    assert.deepEqual([tagsOf(needed.removed).sort(), tagsOf(needed.inTheWay)], [['1', '1.0'], ['multi']]);
    const free = planRemoval(images, new Set(['2', 'multi', 'gone']));
    assert.deepEqual([tagsOf(free.removed).sort(), free.inTheWay], [['2', 'multi'], []]);
    await removeTags(app, free, operation);
    assert.deepEqual((await listed(app.tags())).sort(), ['1', '1.0']);
    assert.equal(await app.headManifest(other.digest), undefined);
    assert.ok(await app.headManifest(image.digest));
  });
});
