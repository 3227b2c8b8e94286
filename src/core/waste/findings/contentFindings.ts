import { isUtf8 } from 'node:buffer';
import { reasonOf, isCancellation } from '../../errors.ts';
import type { LayerFiles } from '../../layers/layeredImage.ts';
import type { Operation } from '../../progress.ts';
import type { FileGroups } from './fileGroups.ts';
import { isVendored } from './secretFiles.ts';
import { secretKindsIn } from './secretText.ts';
import type { SeenFile } from './visibleFiles.ts';

/** Gives what files hold, of an image's `files`. */
export type ContentReader = Pick<LayerFiles, 'readMany'>;

/** What is looked into: small text files, not all of them in an image of many. */
export interface ContentLimits {
  readonly fileBytes: number;
  readonly allBytes: number;
  readonly files: number;
}
export const usualContentLimits: ContentLimits = { fileBytes: 1 << 16, allBytes: 32 << 20, files: 2_000 };

const textFile =
  /(?:^|\/)(?:[^./]+|\.[\w-]+)$|\.(?:env|json|ya?ml|toml|ini|conf|cfg|cnf|properties|xml|sh|bash|py|js|ts|rb|php|pl|txt|key|pem|tfvars|tfstate|config|settings|local|prod|production|dev|bak)$/i;
/** Where systems and their packages keep their own files. */
const ofSystem =
  /^(?:usr\/(?!src\/|app\/|local\/(?:etc|app|src)\/)|s?bin\/|lib\w*\/|boot\/|dev\/|proc\/|sys\/|var\/(?:lib|cache|log)\/)/;

export interface LookedInto {
  readonly files: number;
  /** Files that would have been looked into and were not, for one reason or another. */
  readonly left: number;
  /** Why one could not be read, in words for people. */
  readonly problem?: string;
}

/** Whether a file is small, likely to be text, and not one of those that packages bring. */
export function mayHoldSecret(
  { path, sizeBytes }: { readonly path: string; readonly sizeBytes: number },
  limits: ContentLimits = usualContentLimits,
): boolean {
  return (
    sizeBytes > 0 &&
    sizeBytes <= limits.fileBytes &&
    !ofSystem.test(path) &&
    textFile.test(path) &&
    !isVendored(path)
  );
}

/** Looks for secrets in what files hold, and puts those that have one into `groups`. Values are never kept. */
export async function groupSecretContents(
  files: readonly SeenFile[],
  { reader, limits, groups }: { reader: ContentReader; limits: ContentLimits; groups: FileGroups },
  operation: Operation,
): Promise<LookedInto> {
  const wanted = within(files, limits);
  let done = 0;
  try {
    for await (const { one, bytes } of reader.readMany(wanted, operation)) {
      const pieces: Uint8Array[] = [];
      for await (const piece of bytes) pieces.push(piece);
      const content = Buffer.concat(pieces);
      done += 1;
      if (content.includes(0) || !isUtf8(content)) continue;
      for (const kind of secretKindsIn(content.toString('utf8')))
        groups.addVisible(
          { code: 'secretContent', args: { kind }, place: one.file.layer.place },
          one.path,
          one.file,
        );
      operation.signal.throwIfAborted();
    }
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { files: done, left: files.length - done, problem: reasonOf(error) };
  }
  return { files: done, left: files.length - done };
}

/** As many as the limits allow. */
function within(files: readonly SeenFile[], limits: ContentLimits): readonly SeenFile[] {
  let bytes = 0;
  return files.filter(({ file }, at) => {
    if (at >= limits.files || bytes + file.sizeBytes > limits.allBytes) return false;
    bytes += file.sizeBytes;
    return true;
  });
}
