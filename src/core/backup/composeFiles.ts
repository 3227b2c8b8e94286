import { extname, isAbsolute, join } from 'node:path';
import { DrydockError } from '../errors.ts';
import { putDocument, type BlobWriter, type CancelOptions, type StoredBlob } from '../vault/blobStore.ts';
import { readSmallFile } from '../vault/readSmallFile.ts';

/** What Compose writes on the containers of a project. */
const filesLabel = 'com.docker.compose.project.config_files';
const folderLabel = 'com.docker.compose.project.working_dir';
const environmentLabel = 'com.docker.compose.project.environment_file';

const maxFileBytes = 1 << 20;
const maxFiles = 200;
/** Labels come from whoever made the container: nothing but a file of Compose's is taken for one. */
const configEndings: ReadonlySet<string> = new Set(['.yml', '.yaml', '.json']);

export interface ComposeFiles {
  readonly workingDir: string;
  /** In the order of the document. */
  readonly files: readonly { readonly path: string; readonly blob: StoredBlob }[];
  /** Named by labels, and not to be read here. */
  readonly missing: readonly string[];
}

/** Whether paths on the engine's host are paths here. */
export function isLocalEngine(endpoint: string): boolean {
  return endpoint.startsWith('unix://') || endpoint.startsWith('npipe://');
}

/**
 * Stores the files that a project's containers name as its own, and the `.env` beside them. A file that is not here,
 * is no file of Compose's, or is larger than a megabyte counts as missing.
 */
export async function captureComposeFiles(
  store: BlobWriter,
  {
    labels,
    endpoint,
  }: { readonly labels: readonly Readonly<Record<string, string>>[]; readonly endpoint: string },
  { signal }: CancelOptions,
): Promise<ComposeFiles> {
  const valuesOf = (label: string): readonly string[] => [
    ...new Set(
      labels
        .flatMap((one) => (one[label] ?? '').split(',').map((text) => text.trim()))
        .filter((text) => text !== ''),
    ),
  ];
  const workingDir = valuesOf(folderLabel)[0] ?? '';
  const configs = valuesOf(filesLabel);
  const environments = valuesOf(environmentLabel);
  const assumed = environments.length === 0 && workingDir !== '' ? [join(workingDir, '.env')] : [];
  const files: { path: string; blob: StoredBlob }[] = [];
  const missing: string[] = [];
  for (const path of [...configs, ...environments, ...assumed].slice(0, maxFiles)) {
    signal?.throwIfAborted();
    const isAllowed = !configs.includes(path) || configEndings.has(extname(path).toLowerCase());
    const bytes = isLocalEngine(endpoint) && isAllowed ? await readIfThere(path, workingDir) : undefined;
    if (bytes === undefined) {
      if (!assumed.includes(path)) missing.push(path);
      continue;
    }
    files.push({ path, blob: await putDocument(store, bytes, signal && { signal }) });
  }
  return { workingDir, files, missing };
}

async function readIfThere(path: string, workingDir: string): Promise<Uint8Array | undefined> {
  const full = isAbsolute(path) ? path : join(workingDir, path);
  if (!isAbsolute(full)) return undefined;
  try {
    return await readSmallFile(full, maxFileBytes);
  } catch (error) {
    // Not there, not readable, too large: each is said by naming it as missing.
    if (error instanceof DrydockError) return undefined;
    throw error;
  }
}
