import { Pacer } from '../archive/pacer.ts';
import { failure } from '../errors.ts';
import type { InstalledPackage } from './installedPackage.ts';

/** Names and versions are far shorter; a list with longer lines of those is none. */
const longestField = 4096;
/** Far above the descriptions and lists of files that packages have. */
const longestLine = 1 << 20;
/** More than any distribution has altogether; a list of millions would not fit into memory. */
const mostPackages = 200_000;

export interface PackageText {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What failures call the list. */
  readonly name: string;
}

/**
 * The packages of dpkg's `status`, or of a file in `status.d`, where a package has no status of its own: it is there.
 * Source: dpkg-query(1), deb-control(5). Throws `packageListBad`.
 */
export function debianPackages(
  { bytes, name }: PackageText,
  signal: AbortSignal,
): Promise<readonly InstalledPackage[]> {
  const wanted = new Map([
    ['Package', 'name'],
    ['Version', 'version'],
    ['Architecture', 'architecture'],
    ['Status', 'status'],
  ]);
  return packagesIn({ bytes, name }, { manager: 'dpkg', separator: ': ', wanted }, signal);
}

/** The packages of apk's `installed`. Source: the Alpine wiki, "Apk spec". Throws `packageListBad`. */
export function alpinePackages(
  { bytes, name }: PackageText,
  signal: AbortSignal,
): Promise<readonly InstalledPackage[]> {
  const wanted = new Map([
    ['P', 'name'],
    ['V', 'version'],
    ['A', 'architecture'],
  ]);
  return packagesIn({ bytes, name }, { manager: 'apk', separator: ':', wanted }, signal);
}

/** The package of a Python package's METADATA or PKG-INFO. Throws `packageListBad`. */
export async function pythonPackage(
  { bytes, name }: PackageText,
  signal: AbortSignal,
): Promise<readonly InstalledPackage[]> {
  const wanted = new Map([
    ['Name', 'name'],
    ['Version', 'version'],
  ]);
  // What follows the first empty line is a description, in which anything may stand.
  return (await packagesIn({ bytes, name }, { manager: 'pip', separator: ': ', wanted }, signal)).slice(0, 1);
}

interface ListForm {
  readonly manager: InstalledPackage['manager'];
  readonly separator: string;
  /** Fields by what they are to us. */
  readonly wanted: ReadonlyMap<string, string>;
}

async function packagesIn(
  { bytes, name }: PackageText,
  { manager, separator, wanted }: ListForm,
  signal: AbortSignal,
): Promise<readonly InstalledPackage[]> {
  const packages: InstalledPackage[] = [];
  let fields = new Map<string, string>();
  const endParagraph = (): void => {
    const [called, version] = [fields.get('name'), fields.get('version')];
    if (called !== undefined && version !== undefined && isInstalled(fields.get('status'))) {
      if (packages.length >= mostPackages)
        throw failure('packageListBad', { name, reason: `it has more than ${mostPackages} packages` });
      const architecture = fields.get('architecture');
      packages.push({
        manager,
        name: called,
        version,
        ...(architecture !== undefined && { architecture }),
        place: architecture ?? '',
      });
    }
    fields = new Map();
  };
  const pacer = new Pacer();
  for await (const lines of linesOf(bytes, name))
    for (const line of lines) {
      if (pacer.isDue) {
        await pacer.pause();
        signal.throwIfAborted();
      }
      if (line === '') {
        endParagraph();
        continue;
      }
      const at = line.indexOf(separator.trim());
      const field = at > 0 && at <= 12 ? wanted.get(line.slice(0, at)) : undefined;
      if (field === undefined || fields.has(field)) continue;
      const value = line.slice(at + 1).trim();
      if (value.length > longestField)
        throw failure('packageListBad', { name, reason: `a ${field} is too long` });
      if (value !== '') fields.set(field, value);
    }
  endParagraph();
  return packages;
}

/** `install ok installed`: what is half done is there too. */
function isInstalled(status: string | undefined): boolean {
  const state = status?.split(' ')[2];
  return status === undefined || (state !== undefined && !['not-installed', 'config-files'].includes(state));
}

async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<readonly string[], void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw failure('packageListBad', { name, reason: 'a line is too long' });
    yield lines;
  }
  yield [rest + decoder.decode()];
}
