import type { Engine } from '../core/engine/engine.ts';
import { failure } from '../core/errors.ts';
import type { ImageAnalysis } from '../core/inspect/imageAnalysis.ts';
import type { StoredImages } from '../core/inspect/imageSharing.ts';
import type { Operation } from '../core/progress.ts';
import type { OpenedImages } from './openedImages.ts';

export interface AnalyzingDeps {
  readonly engine: () => Engine;
  /** Settles once the engine is chosen; pages that come back after a reload wait for it. */
  readonly ready: Promise<unknown>;
  readonly inside: Pick<OpenedImages, 'open' | 'peek'>;
  /** Runs `work` with a progress notification; undefined after a cancel, or a failure that was shown. */
  readonly run: <T>(title: string, work: (operation: Operation) => Promise<T>) => Promise<T | undefined>;
  readonly log: { error(text: string, error: unknown): void };
}

/** Which image, and what people call it. */
export interface ImageToAnalyze {
  readonly imageId: string;
  readonly title: string;
}

export interface AnalyzeOptions {
  /** Whether the engine may be asked to send the image, under a progress notification. */
  readonly mayRead: boolean;
  /** Whether secrets are looked for in small text files, for which the image is read once more. */
  readonly withContents: boolean;
  readonly signal: AbortSignal;
}

/**
 * Analyzes an image of the engine in use. Undefined where it has to be read first and was not: without `mayRead`, after
 * a cancel, or after a failure, which was shown. Who shares its layers is left out where the engine does not answer.
 */
export async function analyzeInside(
  { engine, ready, inside, run, log }: AnalyzingDeps,
  { imageId, title }: ImageToAnalyze,
  { mayRead, withContents, signal }: AnalyzeOptions,
): Promise<ImageAnalysis | undefined> {
  await ready;
  const image = mayRead ? await inside.open(imageId, title) : await inside.peek(imageId);
  if (image === undefined) return undefined;
  const operation = { signal, progress: { report: () => undefined } };
  const [{ analyzeImage }, { readStoredImages }] = await Promise.all([
    import('../core/inspect/imageAnalysis.ts'),
    import('../core/inspect/imageSharing.ts'),
  ]);
  const stored = await readStoredImages(engine(), operation).catch(
    (error: unknown): StoredImages | undefined => {
      if (signal.aborted) throw failure('unexpected', { reason: 'the page is gone' }, error);
      log.error('the layers of all images', error);
      return undefined;
    },
  );
  const input = { image, imageId, ...(stored && { stored }) };
  const whole = withContents
    ? await run(title, (watched) => analyzeImage({ ...input, withContents }, watched))
    : undefined;
  return whole ?? analyzeImage(input, operation);
}
