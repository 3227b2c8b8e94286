import { TarScanner } from '../archive/tarScanner.ts';
import { tarEnd, tarPadding } from '../archive/tarWriter.ts';
import type { TarEntry } from '../archive/tarHeader.ts';
import { failure } from '../errors.ts';
import { pathBytes } from '../layers/entryNames.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { headersOf } from '../volumes/renamedTar.ts';
import type { ExtractPlan } from './extractPlan.ts';
import { joined, type RootFiles } from './rootFiles.ts';

type Planned = ExtractPlan['files'][number];

/**
 * A tar of what is planned, each name below `folder`, with modes, owners, times, devices and extended attributes as
 * they were. Folders come first and symlinks last, so that nothing is written through one. It fails before its end
 * mark where a file has not the digest that was noted.
 */
export async function* putBackTar(
  files: RootFiles,
  plan: ExtractPlan,
  folder: string,
  cancel: CancelOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name } = files.root;
  const firstNames = new Map<TreeFile, { readonly path: string; readonly entry: TarEntry }>();
  const folders = plan.folders.flatMap(({ path, file }) => (file === undefined ? [] : [{ path, file }]));
  const entries = new Map<Planned, TarEntry>();
  for await (const { one, headers } of files.readMany(folders, cancel))
    entries.set(one, parsed(headers, name));
  // As planned, not as the tars have them: a folder before what is in it.
  for (const one of folders) {
    const entry = entries.get(one);
    if (entry !== undefined) yield headersAs(entry, `${joined(folder, one.path)}/`, name);
  }
  for (const group of [plan.files, plan.specials, plan.symlinks]) {
    if (group === plan.symlinks) yield* linkHeaders(plan, folder, { firstNames, name });
    for await (const { one, headers, bytes } of files.readMany(group, cancel)) {
      const entry = parsed(headers, name);
      const path = joined(folder, one.path);
      firstNames.set(one.file, { path, entry });
      yield headersAs(entry, path, name);
      yield* bytes;
      yield tarPadding(one.file.sizeBytes);
    }
  }
  yield tarEnd;
}

function* linkHeaders(
  { links }: ExtractPlan,
  folder: string,
  {
    firstNames,
    name,
  }: {
    readonly firstNames: ReadonlyMap<TreeFile, { readonly path: string; readonly entry: TarEntry }>;
    readonly name: string;
  },
): Generator<Uint8Array, void, undefined> {
  for (const { path, file } of links) {
    const first = firstNames.get(file);
    if (first === undefined) continue;
    const linked = { linkPath: first.path, rawLinkPath: pathBytes(first.path) };
    yield headersAs(
      { ...first.entry, ...linked, type: 'hardlink', sizeBytes: 0 },
      joined(folder, path),
      name,
    );
  }
}

/** The headers of an entry under another name. */
function headersAs(entry: TarEntry, path: string, name: string): Buffer {
  return headersOf({ ...entry, path, rawPath: pathBytes(path) }, { from: '', to: '' }, name);
}

function parsed(headers: Buffer, name: string): TarEntry {
  for (const event of new TarScanner(name).push(headers)) if (event.kind === 'entry') return event.entry;
  throw failure('unexpected', { reason: 'headers without an entry' });
}
