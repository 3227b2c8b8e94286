import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { registryCertificates } from '../../../src/registry/certificates.ts';
import { failureOf } from '../../support/failureOf.ts';
import { registryHere } from '../../support/registryHere.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/tls');

describe('a registry behind TLS', () => {
  const folder = temporaryFolder();
  let server: Server | undefined;
  let cert: string;
  let key: string;
  before(async () => {
    cert = await readFile(join(fixtures, 'cert.pem'), 'utf8');
    key = await readFile(join(fixtures, 'key.pem'), 'utf8');
  });
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    if (server) await once(server, 'close');
    server = undefined;
  });

  /** Starts one that has no manifests, and makes a folder for what is known of it. */
  async function listening(options: ServerOptions): Promise<{ readonly host: string; readonly own: string }> {
    server = createServer({ key, cert, ...options }, (request, response) => {
      request.resume();
      response.writeHead(404).end();
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const host = `localhost:${(server.address() as AddressInfo).port}`;
    const own = join(folder.path(), host);
    await mkdir(own);
    return { host, own };
  }
  const ask = (host: string) =>
    registryHere(host, { certificateFolders: [folder.path()] })
      .repository('app')
      .headManifest('1');

  it('is trusted by the authority in its folder, and never asked over http instead', async () => {
    const { host, own } = await listening({});
    const { code, message } = await failureOf(ask(host));
    assert.equal(code, 'registryUntrusted');
    assert.match(message, new RegExp(`certs\\.d/${host}/ca\\.crt`));
    await cp(join(fixtures, 'cert.pem'), join(own, 'ca.crt'));
    assert.equal(await ask(host), undefined);
  });

  it('knows us by the certificate in its folder', async () => {
    const { host, own } = await listening({ ca: cert, requestCert: true, rejectUnauthorized: true });
    await cp(join(fixtures, 'cert.pem'), join(own, 'ca.crt'));
    await assert.rejects(ask(host));
    await cp(join(fixtures, 'cert.pem'), join(own, 'client.cert'));
    await cp(join(fixtures, 'key.pem'), join(own, 'client.key'));
    assert.equal(await ask(host), undefined);
  });

  it('has no certificates where there is no folder, and all authorities there are beside its own', async () => {
    assert.deepEqual(await registryCertificates([folder.path(), '/nonexistent'], 'none.test'), {});
    await mkdir(join(folder.path(), 'r.test'));
    await writeFile(join(folder.path(), 'r.test', 'a.crt'), cert);
    await writeFile(join(folder.path(), 'r.test', 'half.cert'), cert);
    const { ca = [], ...rest } = await registryCertificates([folder.path()], 'r.test');
    assert.ok(ca.includes(cert) && ca.length > 50);
    assert.deepEqual(rest, {});
  });
});
