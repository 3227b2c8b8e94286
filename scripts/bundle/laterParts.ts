import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { build as bundle, type PartialMessage, type Plugin } from 'esbuild';
import { checkout } from '../provision/places.ts';

/**
 * What is loaded together, by folders and files of src. Modules that several parts share are in files of their own, one
 * for each set of parts: fewer parts make fewer files, and more to read before any of a part can be used.
 */
const parts: Readonly<Record<string, readonly string[]>> = {
  start: ['cli/runProcess.ts'],
  // Of these each window runs one soon after its start.
  sweep: ['core/fileTrees/passingCopies.ts'],
  process: ['core/vault/processIdentity.ts'],
  moves: ['core/move/moveSession.ts'],
  vaults: ['core/archive', 'core/files', 'core/snapshot', 'core/snapshotFiles', 'core/vault'],
  operations: [
    ...['core/backup', 'core/bundle', 'core/loading', 'core/maintenance', 'core/move', 'core/recovery'],
    ...['core/restore', 'core/transfer', 'core/volumes'],
  ],
  engine: ['docker'],
  registry: ['registry', 'registries'],
  'cli-vault': ['snapshots', 'show', 'ls', 'find', 'cat', 'extract', 'stats', 'init'].map(command),
  'cli-engine': ['images', 'containers', 'volumes', 'history', 'changes', 'shared'].map(command),
  cli: ['cli'],
  inside: ['core'],
};

function command(name: string): string {
  return `cli/commands/${name}.ts`;
}

/**
 * Makes `await import('./x.ts')` load the part that x.ts belongs to: all that is loaded in this way of its folders. A
 * part has the exports of its modules side by side, so no two of them may be named alike.
 *
 * @param folders those of src that the program is made of, with all below them.
 */
export function laterParts(folders: readonly string[]): Plugin {
  return {
    name: 'later-parts',
    setup(build) {
      const files = filesByPart(folders);
      build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path, resolveDir }) =>
        kind === 'dynamic-import'
          ? { path: partOf(resolve(resolveDir, path)), namespace: 'later-part' }
          : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'later-part' }, async ({ path }) => {
        const ofPart = [...(files.get(path) ?? [])].sort();
        return {
          contents: ofPart.map((file) => `export * from ${JSON.stringify(file)};`).join('\n'),
          errors: await namedAlike(ofPart),
          resolveDir: checkout,
        };
      });
    },
  };
}

/** The part of a file: what names it most closely counts. What none names is what people do and see in a window. */
function partOf(file: string): string {
  const steps = relative(join(checkout, 'src'), file).split(sep);
  for (let length = steps.length; length > 0; length -= 1) {
    const place = steps.slice(0, length).join('/');
    const part = Object.entries(parts).find(([, places]) => places.includes(place));
    if (part !== undefined) return part[0];
  }
  return 'window';
}

/** The files that are loaded later. */
function filesByPart(folders: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const files = new Map<string, Set<string>>();
  for (const folder of folders) {
    const place = join(checkout, 'src', folder);
    for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.ts')) continue;
      const importer = join(entry.parentPath, entry.name);
      const text = readFileSync(importer, 'utf8');
      for (const [, path = ''] of text.matchAll(/\bimport\(\s*'(\.[^']+\.ts)'/g)) {
        const file = resolve(dirname(importer), path);
        const ofPart = files.get(partOf(file)) ?? new Set();
        files.set(partOf(file), ofPart.add(file));
      }
    }
  }
  return files;
}

/** Of two exports of one name a part would have neither, and nobody would hear of it before it is used. */
async function namedAlike(files: readonly string[]): Promise<PartialMessage[]> {
  const { metafile } = await bundle({
    entryPoints: [...files],
    bundle: false,
    format: 'esm',
    metafile: true,
    write: false,
    outdir: checkout,
  });
  const first = new Map<string, string>();
  return Object.values(metafile.outputs).flatMap(({ entryPoint = '', exports }) =>
    exports.flatMap((name) => {
      const other = first.get(name);
      first.set(name, entryPoint);
      return other === undefined
        ? []
        : [{ text: `${other} and ${entryPoint}, which are loaded as one part, both export ${name}.` }];
    }),
  );
}
