import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import {
  putDocument,
  readDocument,
  readVerified,
  type BlobStore,
  type StoredBlob,
} from '../../../src/core/vault/blobStore.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';

const mebibyte = 1 << 20;
const absent = digestOf('never stored');

async function all(list: AsyncIterable<StoredBlob>): Promise<StoredBlob[]> {
  const found: StoredBlob[] = [];
  for await (const blob of list) found.push(blob);
  return found.sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** Keeps nothing of a piece but a copy: it is another one by the time the next has come. */
async function copied(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Uint8Array[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

/** What every store of blobs must do. `remains` lists what a store holds beside its blobs: nothing, ever. */
export function blobStoreContract(
  make: () => Promise<{ readonly store: BlobStore; readonly remains: () => Promise<readonly string[]> }>,
): void {
  let store: BlobStore;
  let remains: () => Promise<readonly string[]>;
  beforeEach(async () => {
    ({ store, remains } = await make());
  });
  afterEach(async () => {
    assert.deepEqual(await remains(), []);
  });

  for (const size of [0, 1, 511, 512, 513, mebibyte - 1, mebibyte, mebibyte + 1, 4 * mebibyte + 1])
    it(`gives back ${size} bytes under their digest`, async () => {
      const bytes = seededRandom(size).bytes(size);
      const blob = await store.put(inChunks(bytes));
      assert.deepEqual(blob, { digest: digestOf(bytes), sizeBytes: size, isNew: true });
      assert.ok((await collect(store.open(blob.digest))).equals(bytes));
      assert.ok((await collect(readVerified(store, blob))).equals(bytes));
      assert.ok((await copied(readVerified(store, blob, { isFleeting: true }))).equals(bytes));
      assert.deepEqual(await all(store.list()), [{ digest: blob.digest, sizeBytes: size }]);
      assert.equal((await store.put(inChunks(bytes))).isNew, false);
      const stat = await store.stat(blob.digest);
      assert.ok(stat);
      assert.equal(stat.sizeBytes, size);
      assert.ok(Math.abs(stat.storedMs - Date.now()) < 600_000);
    });

  it('gives the bytes of a range', async () => {
    const bytes = seededRandom(1).bytes(2 * mebibyte);
    const { digest } = await store.put(inChunks(bytes));
    for (const [start, end] of [
      [0, 0],
      [0, 1],
      [5, 5],
      [511, 513],
      [mebibyte - 1, mebibyte + 1],
      [2 * mebibyte - 1, 2 * mebibyte],
      [2 * mebibyte, 2 * mebibyte],
    ] as const)
      assert.ok(
        (await collect(store.open(digest, { range: { start, end } }))).equals(bytes.subarray(start, end)),
        `${start} to ${end}`,
      );
  });

  it('says so when a range goes beyond the end', async () => {
    const { digest } = await putDocument(store, 'four');
    for (const range of [
      { start: 0, end: 5 },
      { start: 4, end: 5 },
      { start: 10, end: 11 },
    ])
      await assert.rejects(collect(store.open(digest, { range })), { code: 'blobDamaged' });
  });

  it('says so when a blob is missing, and finds nothing of it', async () => {
    await assert.rejects(collect(store.open(absent)), { code: 'blobMissing' });
    await assert.rejects(collect(readVerified(store, { digest: absent })), { code: 'blobMissing' });
    assert.equal(await store.stat(absent), undefined);
    assert.deepEqual(await all(store.list()), []);
  });

  it('refuses bytes with another digest than was announced', async () => {
    await assert.rejects(store.put(inChunks(Buffer.from('x')), { expectedDigest: absent }), {
      code: 'blobMismatch',
    });
    assert.deepEqual(await all(store.list()), []);
  });

  it('refuses more and fewer bytes than were announced', async () => {
    for (const expectedSizeBytes of [3, 5])
      await assert.rejects(store.put(inChunks(Buffer.from('four')), { expectedSizeBytes }), {
        code: 'blobMismatch',
      });
    assert.deepEqual(await all(store.list()), []);
    await store.put(inChunks(Buffer.from('four')), {
      expectedSizeBytes: 4,
      expectedDigest: digestOf('four'),
    });
  });

  it('keeps nothing when the bytes break off', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(3 * mebibyte));
      throw new Error('the source broke');
    };
    await assert.rejects(store.put(broken()), /the source broke/);
    assert.deepEqual(await all(store.list()), []);
  });

  it('keeps nothing when it is cancelled before, in the middle, and at the last byte', async () => {
    await assert.rejects(store.put(inChunks(Buffer.from('x')), { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    for (const last of [0, 5]) {
      const controller = new AbortController();
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let count = 0; count <= 5; count += 1) {
          if (count === last) controller.abort();
          yield await Promise.resolve(Buffer.alloc(mebibyte, count));
        }
      };
      await assert.rejects(store.put(pieces(), { signal: controller.signal }), { name: 'AbortError' });
    }
    assert.deepEqual(await all(store.list()), []);
  });

  for (const size of [0, 1, 3 * mebibyte + 1])
    it(`has ${size} bytes read back before they have a name`, async () => {
      const bytes = seededRandom(size).bytes(size);
      let found: Buffer | undefined;
      const blob = await store.put(inChunks(bytes), {
        readBack: async (stored) => {
          found = await collect(stored);
          assert.equal(await store.stat(digestOf(bytes)), undefined);
        },
      });
      assert.ok(found?.equals(bytes));
      assert.deepEqual(blob, { digest: digestOf(bytes), sizeBytes: size, isNew: true });
    });

  it('keeps nothing that is refused when it is read back, or not read to its end', async () => {
    const bytes = seededRandom(1).bytes(3 * mebibyte);
    const first = async (stored: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of stored) if (chunk.length > 0) return;
    };
    await assert.rejects(store.put(inChunks(bytes), { readBack: first }), { code: 'blobDamaged' });
    await assert.rejects(store.put(inChunks(bytes), { readBack: () => Promise.resolve() }), {
      code: 'blobDamaged',
    });
    const refuse = async (stored: AsyncIterable<Uint8Array>): Promise<void> => {
      await first(stored);
      throw new Error('refused');
    };
    await assert.rejects(store.put(inChunks(bytes), { readBack: refuse }), /refused/);
    assert.deepEqual(await all(store.list()), []);
  });

  it('keeps nothing when the bytes break off or it is cancelled while they are read back', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(3 * mebibyte));
      throw new Error('the source broke');
    };
    const through = async (stored: AsyncIterable<Uint8Array>): Promise<void> => {
      await collect(stored);
    };
    await assert.rejects(store.put(broken(), { readBack: through }), /the source broke/);
    const controller = new AbortController();
    const cancelled = async (stored: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of stored) if (chunk.length > 0) controller.abort();
    };
    const options = { signal: controller.signal, readBack: cancelled };
    await assert.rejects(store.put(inChunks(Buffer.alloc(3 * mebibyte)), options), { name: 'AbortError' });
    assert.deepEqual(await all(store.list()), []);
  });

  it('says of fleeting pieces too that the blob is missing, and lets go of one that is left in its middle', async () => {
    const gone = copied(readVerified(store, { digest: absent }, { isFleeting: true }));
    await assert.rejects(gone, { code: 'blobMissing' });
    const bytes = seededRandom(2).bytes(2 * mebibyte);
    const blob = await store.put(inChunks(bytes));
    for await (const piece of readVerified(store, blob, { isFleeting: true })) {
      assert.ok(piece.length > 0);
      break;
    }
    const cancel = new AbortController();
    const cancelled = (async () => {
      for await (const piece of store.open(blob.digest, { isFleeting: true, signal: cancel.signal })) {
        assert.ok(piece.length > 0);
        cancel.abort();
      }
    })();
    await assert.rejects(cancelled, { name: 'AbortError' });
  });

  it('stops reading and listing when it is cancelled', async () => {
    const { digest } = await store.put(inChunks(seededRandom(2).bytes(2 * mebibyte)));
    const signal = AbortSignal.abort();
    await assert.rejects(collect(store.open(digest, { signal })), { name: 'AbortError' });
    await assert.rejects(all(store.list({ signal })), { name: 'AbortError' });
  });

  it('stores one blob when many write the same at once', async () => {
    const bytes = seededRandom(3).bytes(mebibyte);
    const blobs = await Promise.all(Array.from({ length: 8 }, () => store.put(inChunks(bytes))));
    assert.equal(new Set(blobs.map(({ digest }) => digest)).size, 1);
    assert.equal((await all(store.list())).length, 1);
    assert.ok((await collect(store.open(digestOf(bytes)))).equals(bytes));
  });

  it('removes a blob, and is content when it is gone already', async () => {
    const { digest } = await putDocument(store, 'to be removed');
    await store.delete(digest);
    await store.delete(digest);
    assert.equal(await store.stat(digest), undefined);
  });

  it('reads a document of a limited size', async () => {
    const { digest } = await putDocument(store, '{"a":1}');
    assert.equal(Buffer.from(await readDocument(store, { digest })).toString(), '{"a":1}');
    await assert.rejects(readDocument(store, { digest }, { maxBytes: 6 }), { code: 'blobDamaged' });
    for (const sizeBytes of [6, 8])
      await assert.rejects(readDocument(store, { digest, sizeBytes }), { code: 'blobDamaged' });
  });
}
