import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import type { HistoryEntry, ImageDetails } from '../../../src/core/engine/records.ts';
import { failure } from '../../../src/core/errors.ts';
import { historyReport } from '../../../src/core/inspect/historyReport.ts';
import { emptyRunConfig } from '../../support/emptyRunConfig.ts';

const image: ImageDetails = {
  id: digestOf('image'),
  tags: ['demo:1', 'demo:2'],
  repoDigests: [],
  createdAtMs: 5,
  sizeBytes: 10,
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  diffIds: [digestOf('layer')],
  config: emptyRunConfig,
  raw: {},
};
const history: readonly HistoryEntry[] = [
  { createdBy: 'CMD ["sh"]', sizeBytes: 0, comment: 'buildkit.dockerfile.v0', tags: ['demo:1'] },
  { createdBy: '|1 A=1 /bin/sh -c make', sizeBytes: 10, comment: '', tags: [], createdAtMs: 4 },
];
const { signal } = new AbortController();

function engineOf(asked: string[]): Parameters<typeof historyReport>[0] {
  return {
    images: {
      inspect: (ref) => {
        asked.push(`inspect ${ref}`);
        return ref === 'gone'
          ? Promise.reject(failure('engineNotFound', { kind: 'image', name: ref }))
          : Promise.resolve(image);
      },
      history: (ref) => {
        asked.push(`history ${ref}`);
        return Promise.resolve(history);
      },
    },
  };
}

describe('historyReport', () => {
  it('asks for the history by the ID that the name stands for', async () => {
    const asked: string[] = [];
    await historyReport(engineOf(asked), 'demo:2', { signal });
    assert.deepEqual(asked, ['inspect demo:2', `history ${image.id}`]);
  });

  it('names the image by the tag asked for, else by its first', async () => {
    assert.equal((await historyReport(engineOf([]), 'demo:2', { signal })).name, 'demo:2');
    assert.equal((await historyReport(engineOf([]), image.id, { signal })).name, 'demo:1');
  });

  it('tells each step with its instruction, size and layer', async () => {
    const report = await historyReport(engineOf([]), image.id, { signal });
    assert.equal(report.platform, 'linux/arm64/v8');
    assert.equal(report.layerCount, 1);
    assert.deepEqual(report.layers, [
      {
        keyword: 'CMD',
        text: 'CMD ["sh"]',
        buildArgs: [],
        fill: 'empty',
        sizeBytes: 0,
        comment: 'buildkit.dockerfile.v0',
        tags: ['demo:1'],
      },
      {
        keyword: 'RUN',
        text: 'RUN make',
        buildArgs: ['A=1'],
        fill: 'filled',
        sizeBytes: 10,
        createdAtMs: 4,
        diffId: digestOf('layer'),
        comment: '',
        tags: [],
      },
    ]);
  });

  it('passes on that there is no such image', async () => {
    await assert.rejects(historyReport(engineOf([]), 'gone', { signal }), { code: 'engineNotFound' });
  });
});
