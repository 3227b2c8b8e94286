import { blobPath } from '../archive/archiveContents.ts';
import { DrydockError, failure } from '../errors.ts';
import { containerdContent } from './capturedImageContent.ts';
import { PushedBlobs } from './pushedBlobs.ts';
import { pushedDocument } from './pushedDocument.ts';
import type { PushHeard, PushManner, PushMannerDeps } from './pushManner.ts';

/**
 * Containerd stores: blobs come as they lie there, and so does the document that the image's ID names, or what is there
 * below it.
 */
export function pushAsStored({ engine, vault, known, layers }: PushMannerDeps, heard: PushHeard): PushManner {
  const sink = new PushedBlobs({ known, layers }, heard);
  return {
    sink,
    async push({ details, name, logIn }, { signal = new AbortController().signal }) {
      const document = pushedDocument(details) ?? { digest: details.id };
      sink.expect(document.digest);
      await engine.images.push(name, logIn, { signal }).catch((error: unknown) => {
        // That was the document which is denied on purpose: it comes last, and so all else has come.
        const isDenied = error instanceof DrydockError && error.code === 'engineRefused';
        if (!isDenied || sink.target === undefined) throw error;
      });
      await layers.settle();
      sink.requireWhole();
      const { index } = document;
      if (index !== undefined) {
        const { bytes } = index;
        sink.sent.add({ path: blobPath(details.id), sizeBytes: bytes.length, bytes });
      }
      const target = sink.target && (index?.descriptor ?? sink.target);
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
