import { basename, extname, isAbsolute, join } from 'node:path';
import { DrydockError } from '../errors.ts';
import { putDocument, type BlobWriter, type CancelOptions, type StoredBlob } from '../vault/blobStore.ts';
import { readSmallFile } from '../vault/readSmallFile.ts';
import { referencesIn, type ComposeReference } from './composeReferences.ts';

/** What Compose writes on the containers of a project. */
const filesLabel = 'com.docker.compose.project.config_files';
const folderLabel = 'com.docker.compose.project.working_dir';
const environmentLabel = 'com.docker.compose.project.environment_file';

const maxFileBytes = 1 << 20;
const maxFiles = 200;
/** Labels come from whoever made the container: nothing but a file of Compose's is taken for one. */
const configEndings: ReadonlySet<string> = new Set(['.yml', '.yaml', '.json']);
/** `.env`, `.env.local`, `prod.env`; a label could name a private key just as well. */
const environmentName = /(^|\.)env(\.|$)/i;
const maxMissing = 500;

export interface ComposeFiles {
  readonly workingDir: string;
  /** In the order of the document. */
  readonly files: readonly { readonly path: string; readonly blob: StoredBlob }[];
  /** Named by labels or by Compose files, and not to be read here, or not stored. */
  readonly missing: readonly string[];
}

/** Whether paths on the engine's host are paths here. */
export function isLocalEngine(endpoint: string): boolean {
  return endpoint.startsWith('unix://') || endpoint.startsWith('npipe://');
}

/**
 * Stores the files that a project's containers name as its own, the `.env` beside them, and the files of variables that
 * the Compose files refer to. What is not here, is no file of Compose's by its name, or is larger than a megabyte
 * counts as missing; so does everything else that a Compose file refers to.
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
  const files: { path: string; blob: StoredBlob }[] = [];
  const missing: string[] = [];
  const keep = async (path: string, isAllowed: boolean, isSaid = true): Promise<Uint8Array | undefined> => {
    signal?.throwIfAborted();
    if (files.some((file) => file.path === path) || missing.includes(path)) return undefined;
    const isRead = isAllowed && files.length < maxFiles && isLocalEngine(endpoint);
    const bytes = isRead ? await readIfThere(path, workingDir) : undefined;
    if (bytes !== undefined)
      files.push({ path, blob: await putDocument(store, bytes, signal && { signal }) });
    else if (isSaid) missing.push(path);
    return bytes;
  };
  const references: ComposeReference[] = [];
  for (const path of valuesOf(filesLabel)) {
    const bytes = await keep(path, configEndings.has(extname(path).toLowerCase()));
    if (bytes !== undefined) references.push(...referencesIn(Buffer.from(bytes).toString('utf8')));
  }
  const environments = valuesOf(environmentLabel);
  for (const path of environments) await keep(path, environmentName.test(basename(path)));
  if (environments.length === 0 && workingDir !== '') await keep(join(workingDir, '.env'), true, false);
  for (const { path, isEnvironment } of references) {
    const full = isAbsolute(path) || workingDir === '' ? path : join(workingDir, path);
    await keep(full, isEnvironment && environmentName.test(basename(path)));
  }
  return { workingDir, files, missing: atMost(maxMissing, missing) };
}

function atMost(count: number, paths: readonly string[]): readonly string[] {
  return paths.length <= count ? paths : [...paths.slice(0, count), `… (${paths.length - count})`];
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
