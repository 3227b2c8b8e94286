import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { commitContainer } from '../../../src/core/backup/commitContainer.ts';
import { exportContainer } from '../../../src/core/backup/exportContainer.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { importRootfs } from '../../../src/core/restore/importRootfs.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { failureOf } from '../../support/failureOf.ts';
import { containerId, LyingEngine } from '../../support/lyingEngine.ts';

const app = sampleImage([sampleLayer(1)], ['app:1']);
const snapshot = sampleImage([sampleLayer(2)], ['snap:1']);
const lost = failure('engineAnswerCut', { call: 'image tag' });

function cancelled(): { operation: Operation; controller: AbortController } {
  const controller = new AbortController();
  return {
    controller,
    operation: { signal: controller.signal, progress: { report: () => undefined } },
  };
}

describe('making images on an engine that errs', () => {
  let folder: string;
  let tarPath: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-make-'));
    tarPath = join(folder, 'rootfs.tar');
    await writeFile(tarPath, sampleLayer(5, 200_000));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const makers = {
    commit: (engine: LyingEngine, operation = unattended()) =>
      commitContainer({ engine }, { containerId, name: 'snap:1', pause: false }, operation),
    import: (engine: LyingEngine, operation = unattended()) =>
      importRootfs({ engine }, { path: tarPath, name: 'snap:1' }, operation),
  } as const;

  for (const [verb, make] of Object.entries(makers)) {
    describe(verb, () => {
      it('gives the name last', async () => {
        const engine = new LyingEngine([app, snapshot]);
        const { id } = await make(engine);
        assert.deepEqual(engine.state(), {
          'app:1': app.configDigest,
          'snap:1': id,
          [snapshot.configDigest]: 'no name',
        });
      });

      it('gives the name back to the image that had it when the answer to naming is lost', async () => {
        const engine = new LyingEngine([app, snapshot]);
        const before = engine.state();
        engine.lies.tag = async (truth) => {
          await truth();
          delete engine.lies.tag;
          throw lost;
        };
        assert.equal(await failureOf(make(engine)), lost);
        assert.deepEqual(engine.state(), before);
      });

      it('leaves the name with an image that got it meanwhile', async () => {
        const engine = new LyingEngine([app, snapshot]);
        const newest = sampleImage([sampleLayer(3)], ['snap:1']);
        engine.lies.tag = async (truth) => {
          const answer = await truth();
          engine.hold(newest);
          return answer;
        };
        assert.equal((await failureOf(make(engine))).code, 'loadMismatch');
        assert.equal(engine.state()['snap:1'], newest.configDigest);
      });

      it('believes no engine that says it named the image and did not', async () => {
        const engine = new LyingEngine([app]);
        const before = engine.state();
        engine.lies.tag = () => Promise.resolve(null);
        assert.equal((await failureOf(make(engine))).code, 'loadMismatch');
        assert.deepEqual(engine.state(), before);
      });

      it('leaves nothing behind when it is cancelled while the engine makes the image', async () => {
        const engine = new LyingEngine([app, snapshot]);
        const before = engine.state();
        const { operation, controller } = cancelled();
        const late = async <T>(truth: () => Promise<T>): Promise<T> => {
          const answer = await truth();
          controller.abort();
          return answer;
        };
        engine.lies.commit = late;
        engine.lies.importRootfs = late;
        await assert.rejects(make(engine, operation), { name: 'AbortError' });
        assert.deepEqual(engine.state(), before);
      });

      it('refuses an image with other layers, and removes it', async () => {
        const engine = new LyingEngine([app]);
        const before = engine.state();
        engine.lies.inspect = async (truth, [ref]) => {
          const details = await truth();
          return ref === app.configDigest ? details : { ...details, diffIds: snapshot.diffIds };
        };
        assert.equal((await failureOf(make(engine))).code, 'loadMismatch');
        assert.deepEqual(engine.state(), before);
      });

      it('tells both failures when it can’t remove what it made', async () => {
        const engine = new LyingEngine([app]);
        engine.lies.tag = () => Promise.reject(lost);
        engine.lies.remove = () =>
          Promise.reject(failure('engineUnreachable', { endpoint: engine.endpoint }));
        await assert.rejects(
          make(engine),
          (error: unknown) => error instanceof AggregateError && error.errors.length === 2,
        );
      });
    });
  }

  it('imports nothing of a file that changed while it was sent', async () => {
    const engine = new LyingEngine([app]);
    const before = engine.state();
    engine.lies.importRootfs = async (truth) => {
      await writeFile(tarPath, sampleLayer(6, 200_000));
      return truth();
    };
    assert.equal((await failureOf(makers.import(engine))).code, 'archiveChanged');
    assert.deepEqual(engine.state(), before);
  });

  it('imports nothing of a file that was cut while it was sent', async () => {
    const engine = new LyingEngine([app]);
    const before = engine.state();
    engine.lies.importRootfs = async (truth) => {
      await truncate(tarPath, 102_400);
      return truth();
    };
    assert.equal((await failureOf(makers.import(engine))).code, 'archiveChanged');
    assert.deepEqual(engine.state(), before);
  });

  it('exports no file system that the engine cut, and lets go of a stream it can’t write', async () => {
    const engine = new LyingEngine([app]);
    const path = join(folder, 'out.tar');
    const input = { containerId, path, compression: 'none', replace: false } as const;
    const whole = sampleLayer(7);
    for (let end = 0; end < whole.length - 1024; end += 512) {
      engine.lies.exportRootfs = () => Promise.resolve(Readable.from([whole.subarray(0, end)]));
      await assert.rejects(exportContainer({ engine }, input, unattended()), `${end} bytes`);
    }
    let stream: Readable | undefined;
    const vanishing = join(folder, 'vanishing');
    await mkdir(vanishing);
    engine.lies.exportRootfs = async () => {
      await rm(vanishing, { recursive: true });
      return (stream = Readable.from([whole]));
    };
    const elsewhere = { ...input, path: join(vanishing, 'out.tar') };
    const failed = await failureOf(exportContainer({ engine }, elsewhere, unattended()));
    assert.equal(failed.code, 'folderMissing');
    assert.equal(stream?.destroyed, true);
  });
});
