import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, watch } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVault } from '../../../src/core/vault/layout.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { sourceOf, storeLayer, volumeDocument } from '../../support/capturedThings.ts';
import { land } from '../../support/snapshotVault.ts';

const main = join(import.meta.dirname, '../../../src/cli/main.ts');
const imageId = `sha256:${'1'.repeat(64)}`;

describe('the process of the command line', function () {
  this.timeout(20_000);
  let folder: string;
  let server: Server | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-process-'));
  });
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  function start(argv: readonly string[]): { readonly child: ChildProcess; readonly stderr: () => string } {
    const child = spawn(process.execPath, [main, ...argv], {
      env: { ...process.env, TMPDIR: folder, DOCKER_HOST: `unix://${folder}/socket` },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return { child, stderr: () => text };
  }

  /** An engine that answers by a table; what is not in it gets no answer at all, and `onSilence` hears of it. */
  async function listen(
    answers: Readonly<Record<string, unknown>>,
    onSilence: (call: string) => void,
  ): Promise<void> {
    server = createServer((request, response) => {
      const path = (request.url ?? '').replace(/^\/v[\d.]+/, '').replace(/\?.*$/, '');
      const call = `${request.method ?? ''} ${path}`;
      request.resume();
      if (!Object.hasOwn(answers, call)) {
        onSilence(call);
        return;
      }
      response.writeHead(200, { 'Content-Type': 'application/json', 'Api-Version': '1.41' });
      response.end(JSON.stringify(answers[call]));
    }).listen(join(folder, 'socket'));
    await once(server, 'listening');
  }

  it('ends quietly when nobody reads its output', async () => {
    const { child, stderr } = start(['--help']);
    child.stdout?.destroy();
    const [exitCode] = (await once(child, 'close')) as [number];
    assert.deepEqual({ exitCode, stderr: stderr() }, { exitCode: 0, stderr: '' });
  });

  it('prints no more of a file than is read, and ends quietly then', async () => {
    const vault = join(folder, 'vault');
    const content = randomBytes(20 << 20);
    await land(
      await createVault({ path: vault, compression: 'zstd' }),
      sourceOf('volume', 'data'),
      async (draft, store) => {
        const part = await storeLayer(store, { 'v/large': content });
        await draft.addVolume(volumeDocument('data', [part]), [part]);
      },
    );
    const argv = ['cat', 'data@latest', '/large', '--vault', vault];
    const { child, stderr } = start(argv);
    assert.ok(child.stdout);
    const [piece] = (await once(child.stdout, 'data')) as [Buffer];
    assert.ok(piece.equals(content.subarray(0, piece.length)));
    child.stdout.destroy();
    const [exitCode] = (await once(child, 'close')) as [number];
    assert.deepEqual({ exitCode, stderr: stderr() }, { exitCode: 0, stderr: '' });

    const whole = start(argv).child;
    assert.ok(whole.stdout);
    assert.ok((await collect(whole.stdout as AsyncIterable<Uint8Array>)).equals(content));
  });

  it('does not end with 0 when its output could not be written', async () => {
    const child = spawn('sh', ['-c', `exec "${process.execPath}" "${main}" --help > /dev/full`]);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [exitCode] = (await once(child, 'close')) as [number];
    assert.equal(exitCode, 1);
    assert.match(stderr, /^drydock: .*ENOSPC/);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`cleans up and ends with 130 on ${signal}`, async () => {
      const { child, stderr } = start(['archive', 'check', '-']);
      child.stdin?.write('the beginning of something');
      for await (const { filename } of watch(folder))
        if (filename?.startsWith('drydock-stdin-') === true) break;
      child.kill(signal);
      const [exitCode] = (await once(child, 'close')) as [number];
      assert.deepEqual({ exitCode, stderr: stderr() }, { exitCode: 130, stderr: 'drydock: Cancelled.\n' });
      assert.deepEqual(await readdir(folder), []);
    });
  }

  it('takes signals that come at once, as from a terminal that is closed, for one', async () => {
    const { child, stderr } = start(['archive', 'check', '-']);
    child.stdin?.write('the beginning of something');
    for await (const { filename } of watch(folder))
      if (filename?.startsWith('drydock-stdin-') === true) break;
    child.kill('SIGHUP');
    child.kill('SIGTERM');
    const [exitCode] = (await once(child, 'close')) as [number];
    assert.deepEqual({ exitCode, stderr: stderr() }, { exitCode: 130, stderr: 'drydock: Cancelled.\n' });
    assert.deepEqual(await readdir(folder), []);
  });

  it('waits for its clean-up after one signal, and for nothing after a later one', async () => {
    const container = { Id: 'c'.repeat(64), Names: ['/box'], Image: 'x', ImageID: imageId, State: 'exited' };
    const silent: string[] = [];
    const running: ChildProcess[] = [];
    let again: NodeJS.Timeout | undefined;
    await listen(
      {
        'GET /_ping': 'OK',
        'HEAD /_ping': 'OK',
        'GET /containers/json': [container],
        'GET /images/json': [],
        [`GET /containers/${container.Id}/json`]: {
          Id: container.Id,
          Name: '/box',
          Image: imageId,
          Config: { Image: 'x' },
          State: { Status: 'exited' },
        },
        'POST /commit': { Id: imageId },
      },
      (call) => {
        // First the look at the new image, which the signal ends; then its removal, which the signal must not end.
        silent.push(call);
        running[0]?.kill('SIGINT');
        // As people do who see that it goes on.
        if (silent.length === 2) again = setInterval(() => running[0]?.kill('SIGINT'), 50);
      },
    );
    const { child } = start(['commit', 'box', 'box:1']);
    running.push(child);
    const [exitCode] = (await once(child, 'close')) as [number];
    clearInterval(again);
    assert.deepEqual(silent, [`GET /images/${imageId}/json`, `DELETE /images/${imageId}`]);
    assert.equal(exitCode, 130);
  });
});
