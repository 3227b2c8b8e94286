import assert from 'node:assert/strict';
import { diffIdsOf } from '../../../src/core/oci/diffIds.ts';
import {
  documentKind,
  parseDockerArchiveManifest,
  parseImageConfig,
  parseImageIndex,
  parseManifest,
} from '../../../src/core/oci/manifest.ts';
import { digestOf } from '../../../src/core/digest.ts';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('x'), size: 1 };

describe('OCI documents', () => {
  it('keep fields that nobody here knows', () => {
    const manifest = parseManifest(
      json({ schemaVersion: 2, config: descriptor, layers: [], 'x-more': 1 }),
      'm',
    );
    assert.equal(manifest['x-more'], 1);
  });

  it('take the absent and the null lists that Go writes', () => {
    assert.deepEqual(diffIdsOf(parseImageConfig(json({ rootfs: { type: 'layers' } }), 'c')), []);
    assert.deepEqual(diffIdsOf(parseImageConfig(json({ rootfs: null, history: null }), 'c')), []);
    assert.deepEqual(
      parseManifest(json({ schemaVersion: 2, config: descriptor, layers: null }), 'm').layers,
      null,
    );
    assert.deepEqual(parseImageIndex(json({ schemaVersion: 2, manifests: null }), 'i').manifests, null);
    assert.deepEqual(parseDockerArchiveManifest(json([{ Config: 'c', RepoTags: null, Layers: null }]), 'm'), [
      { configPath: 'c', tags: [], layerPaths: [] },
    ]);
  });

  it('are told apart by their fields where the media type does not tell', () => {
    assert.equal(documentKind(json({ manifests: [] }), 'x'), 'index');
    assert.equal(documentKind(json({ config: {}, layers: [] }), 'x'), 'manifest');
    assert.equal(documentKind(json({ os: 'linux' }), 'x'), 'other');
  });

  const bad: readonly [string, Buffer][] = [
    ['no JSON', Buffer.from('{')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a wrong schema version', json({ schemaVersion: 1, config: descriptor })],
    ['a negative size', json({ schemaVersion: 2, config: { ...descriptor, size: -1 } })],
    ['a size that is no integer', json({ schemaVersion: 2, config: { ...descriptor, size: 1.5 } })],
    ['another algorithm', json({ schemaVersion: 2, config: { ...descriptor, digest: 'sha512:00' } })],
    [
      'an upper-case digest',
      json({ schemaVersion: 2, config: { ...descriptor, digest: `sha256:${'A'.repeat(64)}` } }),
    ],
    ['too much depth', Buffer.from('{"a":'.repeat(70) + '1' + '}'.repeat(70))],
    ['too many bytes', Buffer.concat([json('x'), Buffer.alloc(5 << 20, ' ')])],
  ];
  for (const [name, bytes] of bad)
    it(`are refused with ${name}, by a sentence that names them`, () => {
      assert.throws(() => parseManifest(bytes, 'the manifest'), {
        code: 'badJson',
        message: /^the manifest/,
      });
    });

  it('may hold brackets inside of strings', () => {
    const notes = { a: '{['.repeat(200) + '"\\' };
    assert.ok(parseManifest(json({ schemaVersion: 2, config: descriptor, annotations: notes }), 'm'));
  });
});
