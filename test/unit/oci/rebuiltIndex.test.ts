import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import { rebuiltIndex } from '../../../src/core/oci/rebuiltIndex.ts';

const mediaType = 'application/vnd.oci.image.index.v1+json';
const annotations = { 'org.opencontainers.image.revision': 'a', 'a.b': '1' };
/** As an engine's answer is parsed: the fields in an order of the parser. */
const told = ['amd64', 'arm64'].map((architecture) => ({
  annotations,
  size: 500,
  platform: { os: 'linux', variant: 'v8', architecture },
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: digestOf(architecture),
}));
const rebuild = (bytes: string): string | undefined => {
  const found = rebuiltIndex({ mediaType, digest: digestOf(bytes), size: bytes.length }, told);
  return found && Buffer.from(found).toString();
};
const platformOf = (architecture: string): object => ({ architecture, os: 'linux', variant: 'v8' });

describe('an index that is known by its descriptors', () => {
  it('is written as tools write it, byte for byte', () => {
    const asBuildKit = told.map(({ mediaType: type, digest, size, platform: { architecture } }) => ({
      mediaType: type,
      digest,
      size,
      annotations,
      platform: platformOf(architecture),
    }));
    const byName = told.map(({ mediaType: type, digest, size, platform: { architecture } }) => ({
      annotations: { 'a.b': '1', 'org.opencontainers.image.revision': 'a' },
      digest,
      mediaType: type,
      platform: platformOf(architecture),
      size,
    }));
    const asDocker = told.map(({ mediaType: type, digest, size, platform: { architecture } }) => ({
      mediaType: type,
      size,
      digest,
      annotations,
      platform: platformOf(architecture),
    }));
    for (const text of [
      JSON.stringify({ schemaVersion: 2, mediaType, manifests: asBuildKit }, null, 2),
      JSON.stringify({ schemaVersion: 2, mediaType, manifests: asBuildKit }),
      `${JSON.stringify({ manifests: byName, mediaType, schemaVersion: 2 }, null, 2)}\n`,
      JSON.stringify({ schemaVersion: 2, mediaType, manifests: asDocker }, null, 3),
    ])
      assert.equal(rebuild(text), text);
  });

  it('is not guessed when nothing has its digest', () => {
    assert.equal(rebuild(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], x: 1 })), undefined);
    const other = JSON.stringify({ schemaVersion: 2, mediaType, manifests: told.toReversed() });
    assert.equal(rebuild(other), undefined);
  });
});
