import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testHost } from '../../support/engine.ts';
import { makeShellImage, shellImage } from '../../support/shellImage.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { bundleCli, runCli, type Ended } from '../cli/bundledCli.ts';

describe('the shipped command, comparing', function () {
  this.timeout(180_000);
  const image = 'drydock-test/diff-command:1';
  let bench: VolumeBench;
  let docker: DockerCli;
  let folder: string;
  let bundle: string;
  let container: string;

  before(async () => {
    bench = await VolumeBench.open();
    docker = await dockerCli(testHost());
    folder = await mkdtemp(join(tmpdir(), 'drydock-diff-'));
    bundle = await bundleCli(folder);
    await makeShellImage(testHost());
    const body = {
      Image: shellImage,
      Cmd: ['sh', '-ec', 'mkdir /app; echo one >/app/text; echo two >"/app/<b>"'],
    };
    container = await bench.host.createContainer(body);
    await bench.engine.containers.start(container);
    assert.equal((await docker('wait', container)).trim(), '0');
    await docker('commit', '--change', 'LABEL dev.drydock.test=1', container, image);
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
    await bench.close();
  });

  const diff = (...argv: readonly string[]): Promise<Ended> =>
    runCli(bundle, ['diff', ...argv], { cwd: folder });
  const names = async (...argv: readonly string[]): Promise<readonly string[]> => {
    const { stdout, stderr } = await diff(...argv, '--quiet');
    assert.equal(stderr, '');
    return stdout.split('\n').filter((line) => line !== '');
  };

  it('tells images, containers, layers and archives apart, and finds them alike', async () => {
    const added = ['/app', '/app/<b>', '/app/text'];
    assert.deepEqual(await names(shellImage, image), added);
    assert.deepEqual(await names(shellImage, `container://${container}`), added);
    assert.deepEqual(await names(`container://${container}`, image), []);
    assert.deepEqual(await names(`${image}@layer:0`, shellImage), []);
    const beside = await names(`${image}@layer:1`, image);
    assert.ok(beside.includes('/bin/cat') && !beside.some((name) => name.startsWith('/app')));
    const archive = join(folder, 'saved.tar');
    await docker('save', '--output', archive, image);
    assert.deepEqual(await names(image, archive, '--strict'), []);
  });

  it('compares volumes, leaves no container behind, and makes no volume of a wrong name', async () => {
    const { name } = await bench.volume('compared');
    const before = (await docker('ps', '--all', '--quiet')).split('\n').length;
    assert.deepEqual(await names(name, `volume://${name}`, '--strict'), []);
    const wrong = await diff(`volume://${name}-no`, image);
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.stderr, /has no volume/);
    assert.equal((await docker('ps', '--all', '--quiet')).split('\n').length, before);
    assert.ok(!(await docker('volume', 'ls', '--quiet')).split('\n').includes(`${name}-no`));
  });

  it('writes one page, which runs the one program whose hash it names', async () => {
    const { exitCode, stdout } = await diff(shellImage, image, '--format', 'html', '--exit-code');
    assert.equal(exitCode, 1);
    const [, script = ''] = /<script type="module">([^]*)<\/script>/.exec(stdout) ?? [];
    assert.ok(script.length > 10_000);
    const hash = createHash('sha256').update(script).digest('base64');
    assert.ok(
      stdout.includes(`script-src &#39;sha256-${hash}&#39;`) ||
        stdout.includes(`script-src 'sha256-${hash}'`),
    );
    assert.ok(!stdout.includes('<b>'));
  });
});
