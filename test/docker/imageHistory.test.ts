import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from '../../src/core/engine/engine.ts';
import { historyReport } from '../../src/core/inspect/historyReport.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { testHost } from '../support/engine.ts';
import { dockerCli, makeVariedImages, type DockerCli, type VariedImage } from '../support/variedImages.ts';

const run = promisify(execFile);

interface Config {
  readonly history: readonly { readonly empty_layer?: boolean }[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

describe('the history of images on a real engine', function () {
  this.timeout(180_000);
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;
  let images: readonly VariedImage[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-history-'));
    docker = await dockerCli(testHost());
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    engine = connect(endpoint);
    images = await makeVariedImages(testHost(), folder);
  });

  after(async () => {
    for (const { id } of images.toReversed()) {
      const left = await docker('image', 'ls', '--all', '--quiet', '--no-trunc');
      if (left.includes(id)) await docker('image', 'rm', '--force', id);
    }
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The config, which says what the history API leaves out; read from the engine's own archive. */
  const configOf = async (id: string): Promise<Config> => {
    const archive = join(folder, 'one.tar');
    await docker('save', '--output', archive, id);
    const member = async (name: string): Promise<unknown> =>
      JSON.parse((await run('tar', ['--extract', '--to-stdout', '--file', archive, name])).stdout);
    const [manifest] = (await member('manifest.json')) as readonly { readonly Config: string }[];
    assert.ok(manifest);
    return (await member(manifest.Config)) as Config;
  };

  it('is told step by step as the config has it: which are empty, and which layer each made', async () => {
    for (const { id, what } of images) {
      const { history, rootfs } = await configOf(id);
      const report = await historyReport(engine, id, new AbortController());
      assert.equal(report.layers.length, history.length, what);
      assert.equal(report.layerCount, rootfs.diff_ids.length, what);
      let below = 0;
      report.layers.toReversed().forEach((layer, index) => {
        const isEmpty = history[index]?.empty_layer === true;
        const place = `${what}, step ${index + 1}`;
        if (layer.fill !== 'unknown') assert.equal(layer.fill, isEmpty ? 'empty' : 'filled', place);
        const diffId = isEmpty ? undefined : rootfs.diff_ids[below];
        if (!isEmpty) below += 1;
        if (layer.diffId !== undefined) assert.equal(layer.diffId, diffId, place);
      });
      assert.ok(
        report.layers.every(({ fill }) => fill !== 'unknown'),
        what,
      );
    }
  });
});
