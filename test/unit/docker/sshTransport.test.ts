import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connect } from '../../../src/docker/connect.ts';
import type { Endpoint } from '../../../src/docker/endpoint.ts';
import { sshArguments } from '../../../src/docker/sshAgent.ts';
import { failureOf } from '../../support/failureOf.ts';
import { fakeEngine, sendJson, type FakeEngine } from './fakeEngine.ts';

const endpoint: Endpoint = { kind: 'ssh', host: 'box', user: 'me', address: 'ssh://me@box' };

describe('an engine behind ssh', () => {
  let fake: FakeEngine;
  let folder: string;
  beforeEach(async () => {
    fake = await fakeEngine((_, response) => {
      sendJson(response, []);
    });
    folder = await mkdtemp(join(tmpdir(), 'drydock-ssh-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
    await fake.remove();
  });

  /** An `ssh` that runs `script`; it may write its pid, and its words, into the folder. */
  async function fakeSsh(script: string): Promise<string> {
    const path = join(folder, 'ssh');
    const prelude = `
      const fs = require('node:fs'), net = require('node:net');
      fs.appendFileSync(${JSON.stringify(join(folder, 'calls'))}, process.pid + ' ' + process.argv.slice(2).join(' ') + '\\n');`;
    await writeFile(path, `#!${process.execPath}\n${prelude}\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }
  const dialling = (): Promise<string> =>
    fakeSsh(`
      const socket = net.connect(${JSON.stringify(fake.socketPath)});
      process.stdin.pipe(socket); socket.pipe(process.stdout);
      socket.on('close', () => process.exit(0));`);
  const calls = async (): Promise<string[]> =>
    (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('is asked through one ssh for many calls, which ends on close', async () => {
    const engine = connect(endpoint, { sshCommand: await dialling() });
    assert.deepEqual(await engine.images.list(), []);
    assert.deepEqual(await engine.images.list(), []);
    const started = await calls();
    assert.equal(started.length, 1);
    const [pid = '', ...words] = (started[0] ?? '').split(' ');
    assert.equal(words.join(' '), '-o ConnectTimeout=30 -T -l me -- box docker system dial-stdio');
    assert.equal(isAlive(Number(pid)), true);
    await engine.close();
    assert.equal(isAlive(Number(pid)), false);
  });

  it('carries large bodies both ways', async () => {
    const tar = Buffer.concat([tarOf(3_000_000), Buffer.alloc(1024)]);
    let received = 0;
    fake.answer = (request, response, { path }) => {
      if (path === '/images/get') response.end(tar);
      else {
        request.on('data', (chunk: Buffer) => (received += chunk.length));
        request.on('end', () => response.end('{"stream":"Loaded image: a:b"}'));
      }
    };
    const engine = connect(endpoint, { sshCommand: await dialling() });
    assert.deepEqual(await buffer(await engine.images.save(['a:b'])), tar);
    await engine.images.load(await engine.images.save(['a:b']));
    assert.equal(received, tar.length);
    await engine.close();
  });

  it('says what ssh said when it fails', async () => {
    const ssh = await fakeSsh(
      `process.stderr.write('me@box: Permission denied (publickey).\\n'); process.exit(255);`,
    );
    const failed = await failureOf(connect(endpoint, { sshCommand: ssh }).images.list());
    assert.equal(failed.code, 'engineSshFailed');
    assert.match(failed.message, /ssh:\/\/me@box.*Permission denied \(publickey\)/);
  });

  it('says so when there is no ssh', async () => {
    const engine = connect(endpoint, { sshCommand: join(folder, 'none') });
    const failed = await failureOf(engine.images.list());
    assert.equal(failed.code, 'engineSshFailed');
    await engine.close();
  });

  it('fails, and does not hang, when ssh ends quietly without an answer', async () => {
    const ssh = await fakeSsh(`process.stdin.once('data', () => process.exit(0));`);
    const failed = await failureOf(connect(endpoint, { sshCommand: ssh }).images.list());
    assert.equal(failed.code, 'engineUnreachable');
  });

  it('fails the stream when ssh dies in the middle of it', async () => {
    fake.answer = (_, response) => {
      response.write(tarOf(100_000).subarray(0, 50_000));
    };
    const engine = connect(endpoint, { sshCommand: await dialling() });
    const stream = await engine.images.save(['a:b']);
    stream.once('data', () => {
      void calls().then(([first]) => process.kill(Number(first?.split(' ')[0]), 'SIGKILL'));
    });
    assert.equal((await failureOf(buffer(stream))).code, 'streamCut');
    await engine.close();
  });

  it('starts a new ssh when the kept one has ended', async () => {
    const engine = connect(endpoint, { sshCommand: await dialling() });
    await engine.images.list();
    await fake.die();
    await fake.revive();
    assert.deepEqual(await engine.images.list(), []);
    assert.equal((await calls()).length, 2);
    await engine.close();
  });

  it('ends its ssh when a call is cancelled', async () => {
    const cancel = new AbortController();
    fake.answer = () => {
      cancel.abort();
    };
    const engine = connect(endpoint, { sshCommand: await dialling() });
    await assert.rejects(engine.images.list({ signal: cancel.signal }), { name: 'AbortError' });
    await engine.close();
    for (const call of await calls()) assert.equal(isAlive(Number(call.split(' ')[0])), false);
  });

  it('names the socket over there, quoted for the shell', () => {
    const words = sshArguments({ ...endpoint, port: 22022, remoteSocket: "/run/o'clock/d.sock" });
    assert.deepEqual(words.slice(3), [
      '-l',
      'me',
      '-p',
      '22022',
      '--',
      'box',
      'docker',
      '--host',
      `'unix:///run/o'\\''clock/d.sock'`,
      'system',
      'dial-stdio',
    ]);
  });
});

/** A tar of one file without its end. */
function tarOf(sizeBytes: number): Buffer {
  const header = Buffer.alloc(512);
  header.write('a', 0);
  header.write('0000644\0', 100);
  header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.alloc(Math.ceil(sizeBytes / 512) * 512, 7)]);
}
