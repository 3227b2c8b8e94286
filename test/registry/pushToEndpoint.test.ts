import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../src/core/digest.ts';
import { parseManifest } from '../../src/core/oci/manifest.ts';
import { openEndpoint } from '../../src/registry/endpoint/openEndpoint.ts';
import { MemorySink } from '../support/memorySink.ts';
import { pushedVault } from '../support/pushedVault.ts';
import { skopeo } from '../support/realRegistry.ts';

describe('the endpoint that is pushed to', function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-pushed-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('takes from skopeo every blob and the manifest of an image, and no blob twice', async () => {
    const { vault, image } = await pushedVault(join(folder, 'vault'));
    const sink = new MemorySink();
    const endpoint = await openEndpoint({ sink });
    const reach = (username: string) => [
      '--dest-tls-verify=false',
      `--dest-creds=${username}:${endpoint.password}`,
    ];
    const from = `oci:${vault.paths.root}:${image.refName}`;
    const to = `docker://${endpoint.address}/drydock`;
    try {
      await skopeo('copy', ...reach(endpoint.username), from, `${to}:one`);
      const pushed = sink.documents.get('one');
      assert.ok(pushed);
      const { config, layers } = parseManifest(pushed.bytes, 'what was pushed');
      for (const { digest, size } of [config, ...(layers ?? [])]) {
        const bytes = sink.blobs.get(digest);
        assert.equal(bytes?.length, size);
        assert.equal(digestOf(bytes), digest);
      }
      sink.mostBytes = 0;
      await skopeo('copy', ...reach(endpoint.username), from, `${to}:two`);
      assert.equal(sink.documents.get('two')?.digest, pushed.digest);
      await assert.rejects(skopeo('copy', ...reach('somebody'), from, `${to}:three`), /unauthorized|log-in/i);
      assert.equal(sink.documents.size, 2);
    } finally {
      await endpoint.close();
    }
  });
});
