import { DrydockError, failure } from '../errors.ts';
import { containerdContent } from './capturedImageContent.ts';
import { PushedBlobs } from './pushedBlobs.ts';
import type { PushHeard, PushManner, PushMannerDeps } from './pushManner.ts';

/** Containerd stores: blobs come as they lie there, and so does the index or the manifest that the image's ID names. */
export function pushAsStored({ engine, vault, known, layers }: PushMannerDeps, heard: PushHeard): PushManner {
  const sink = new PushedBlobs({ known, layers }, heard);
  return {
    sink,
    async push({ details, name, logIn }, { signal = new AbortController().signal }) {
      sink.expect(details.id);
      await engine.images.push(name, logIn, { signal }).catch((error: unknown) => {
        // That was the document which is denied on purpose: it comes last, and so all else has come.
        const isDenied = error instanceof DrydockError && error.code === 'engineRefused';
        if (!isDenied || sink.target === undefined) throw error;
      });
      await layers.settle();
      const { target } = sink;
      if (target === undefined)
        throw failure('archiveMissing', {
          name: 'what the engine pushed',
          missing: details.id,
          by: details.tags[0] ?? details.id,
        });
      return await containerdContent({ sent: sink.sent, layers, blobs: vault.blobs }, details, target, {
        signal,
      });
    },
  };
}
