import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../src/core/digest.ts';
import { ociConfigType, ociManifestType } from '../../src/core/oci/mediaTypes.ts';
import type { RemoteRegistry } from '../../src/core/registry/remoteRepository.ts';
import { collect } from '../support/archives/byteStreams.ts';
import { failureOf } from '../support/failureOf.ts';
import { connectTo, password, startRealRegistry, type RealRegistry } from '../support/realRegistry.ts';
import { listed, pseudoRandom, registryHere, sourceOf } from '../support/registryHere.ts';

const kinds = [
  { name: 'plain', options: {} },
  { name: 'with a password', options: { wantsPassword: true } },
  { name: 'with TLS of another authority and a password', options: { wantsPassword: true, usesTls: true } },
] as const;

for (const { name, options } of kinds)
  describe(`Distribution’s registry, ${name}`, function () {
    this.timeout(60_000);
    let folder: string;
    let server: RealRegistry;
    let registry: RemoteRegistry;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'drydock-registry-'));
      server = await startRealRegistry(folder, options);
      registry = connectTo(server);
    });
    after(async () => {
      registry.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it('takes blobs of every size, gives them back, and mounts them', async () => {
      const app = registry.repository('team/app');
      for (const length of [0, 1, 2, 1 << 20, (1 << 20) + 1, 5 << 20]) {
        const bytes = pseudoRandom(length, length + 1);
        assert.equal(await app.putBlob(sourceOf(bytes)), 'sent', String(length));
        assert.equal(await app.putBlob(sourceOf(bytes)), 'there');
        const source = { ...sourceOf(bytes), mountFrom: 'team/app' };
        assert.equal(await registry.repository('other').putBlob(source), 'mounted');
        assert.ok((await collect(app.openBlob(source))).equals(bytes));
        if (length > 1)
          assert.ok(
            (await collect(app.openBlob(source, { start: length - 1 }))).equals(bytes.subarray(length - 1)),
          );
      }
      const none = digestOf('none');
      assert.equal(await app.headBlob(none), undefined);
      assert.equal(
        (await failureOf(collect(app.openBlob({ digest: none, sizeBytes: 4 })))).code,
        'registryMissing',
      );
    });

    it('refuses what is not what it should be', async () => {
      const source = sourceOf(pseudoRandom(2 << 20));
      const lies = { ...source, digest: digestOf('lies') };
      const { code } = await failureOf(registry.repository('team/app').putBlob(lies));
      assert.equal(code, 'registryContentWrong');
    });

    it('takes manifests, lists their tags, knows their referrers and deletes them', async () => {
      const app = registry.repository('team/tagged');
      const config = Buffer.from(
        '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}',
      );
      await app.putBlob(sourceOf(config));
      const document = {
        schemaVersion: 2,
        mediaType: ociManifestType,
        config: { mediaType: ociConfigType, digest: digestOf(config), size: config.length },
        layers: [],
      };
      const bytes = Buffer.from(JSON.stringify(document, undefined, 1));
      const tags = Array.from({ length: 7 }, (_, number) => `t${number}`);
      for (const tag of tags) await app.putManifest({ bytes, mediaType: ociManifestType }, { tag });
      assert.deepEqual((await listed(app.tags())).sort(), tags);
      assert.ok((await listed(registry.repositories())).includes('team/tagged'));
      const found = await app.getManifest('t3');
      assert.ok(found && Buffer.from(found.bytes).equals(bytes));
      assert.equal((await app.headManifest('t3'))?.digest, digestOf(bytes));
      assert.equal(await app.headManifest('none'), undefined);
      assert.equal(await registry.repository('nobody').headManifest('t3'), undefined);
      const refers = Buffer.from(
        JSON.stringify({
          ...document,
          subject: { mediaType: ociManifestType, digest: digestOf(bytes), size: bytes.length },
        }),
      );
      await app.putManifest({ bytes: refers, mediaType: ociManifestType });
      assert.deepEqual(
        (await app.referrers(digestOf(bytes))).map(({ digest }) => digest),
        [digestOf(refers)],
      );
      await app.deleteManifest(digestOf(bytes));
      assert.equal(await app.headManifest('t3'), undefined);
    });

    if ('wantsPassword' in options)
      it('tells who is not logged in from who is with a wrong password', async () => {
        const as = (env: Record<string, string>) =>
          registryHere(server.host, { env, certificateFolders: [server.certificates] }).repository(
            'team/app',
          );
        const config = join(folder, 'config.json');
        await writeFile(
          config,
          JSON.stringify({ auths: { [server.host]: { ...password, password: 'wrong' } } }),
        );
        assert.equal((await failureOf(as({}).headManifest('1'))).code, 'registryLogInMissing');
        const wrong = await failureOf(as({ DOCKER_CONFIG: folder }).headManifest('1'));
        assert.deepEqual([wrong.code, wrong.details['user']], ['registryLogInRefused', password.username]);
      });

    if ('usesTls' in options)
      it('is not trusted without the certificate of its authority', async () => {
        const { code } = await failureOf(registryHere(server.host).repository('team/app').headManifest('1'));
        assert.equal(code, 'registryUntrusted');
      });
  });
