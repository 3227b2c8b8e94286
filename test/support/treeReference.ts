/** A plain reference for comparisons: what find and sha256sum say of two folders, name by name. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What there is at a path. */
export interface FoundName {
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  readonly sizeBytes: number;
  readonly mtime: string;
  readonly target: string;
  readonly inode: string;
  readonly sha256: string;
}

/** Everything below `folder`, by its path. */
export async function namesBelow(folder: string): Promise<ReadonlyMap<string, FoundName>> {
  const format = ['%P', '%y', '%m', '%U:%G', '%s', '%T@', '%l', '%i'].join('\\0') + '\\0';
  const { stdout } = await run('find', ['.', '-mindepth', '1', '-printf', format], { cwd: folder });
  const cells = stdout.split('\0');
  const sums = await sumsBelow(folder);
  const names = new Map<string, FoundName>();
  for (let at = 0; at + 8 <= cells.length - 1; at += 8) {
    const [path = '', type = '', mode = '', owner = '', size, mtime = '', target = '', inode = ''] =
      cells.slice(at, at + 8);
    names.set(path, {
      type,
      mode,
      owner,
      sizeBytes: Number(size),
      mtime,
      target,
      inode,
      sha256: sums.get(path) ?? '',
    });
  }
  return names;
}

async function sumsBelow(folder: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run('sh', ['-c', 'find . -type f -exec sha256sum --zero {} +'], { cwd: folder });
  return new Map(
    stdout
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => [line.slice('  ./'.length + 64), line.slice(0, 64)]),
  );
}

/** `kind path fields`, and `from > path` of what moved; each path once. */
export function differencesOf(
  left: ReadonlyMap<string, FoundName>,
  right: ReadonlyMap<string, FoundName>,
): readonly string[] {
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort(inTreeOrder);
  const common = paths.filter((path) => left.has(path) && right.has(path) && left.get(path)?.type !== 'd');
  const firstOf = (side: ReadonlyMap<string, FoundName>, path: string): string | undefined =>
    common.find(
      (other) =>
        left.get(other)?.type === right.get(other)?.type && side.get(other)?.inode === side.get(path)?.inode,
    );
  const lone = (
    own: ReadonlyMap<string, FoundName>,
    other: ReadonlyMap<string, FoundName>,
  ): readonly string[] =>
    paths.filter(
      (path) =>
        own.has(path) && !other.has(path) && own.get(path)?.type === 'f' && own.get(path)?.sizeBytes !== 0,
    );
  const [gone, come] = [lone(left, right), lone(right, left)];
  const partner = (
    path: string,
    own: ReadonlyMap<string, FoundName>,
    mine: readonly string[],
    other: ReadonlyMap<string, FoundName>,
    theirs: readonly string[],
  ): string | undefined => {
    const { sha256 } = own.get(path) ?? { sha256: '' };
    const [one, ...more] = theirs.filter((there) => other.get(there)?.sha256 === sha256);
    return mine.filter((here) => own.get(here)?.sha256 === sha256).length === 1 && more.length === 0
      ? one
      : undefined;
  };
  return paths.flatMap((path) => {
    const [one, other] = [left.get(path), right.get(path)];
    if (one === undefined) {
      const from = come.includes(path) ? partner(path, right, come, left, gone) : undefined;
      return from === undefined
        ? [`added ${path}`]
        : [['moved', from, '>', path, ...fieldsOf(left.get(from), other)].join(' ')];
    }
    if (other === undefined)
      return gone.includes(path) && partner(path, left, gone, right, come) !== undefined
        ? []
        : [`removed ${path}`];
    if (one.type !== other.type) return [`type ${path}`];
    const fields = fieldsOf(one, other);
    if (one.type !== 'd' && firstOf(left, path) !== firstOf(right, path)) fields.push('hardlinks');
    if (one.sha256 !== other.sha256) return [['content', path, ...fields].join(' ')];
    return fields.length === 0 ? [] : [['metadata', path, ...fields].join(' ')];
  });
}

function fieldsOf(one: FoundName | undefined, other: FoundName | undefined): string[] {
  if (one === undefined || other === undefined) return [];
  return [
    ...(one.type !== 'l' && one.mode !== other.mode ? ['mode'] : []),
    ...(one.owner === other.owner ? [] : ['owner']),
    // A folder's own time is when something was last put into it.
    ...(one.type === 'd' || one.mtime === other.mtime ? [] : ['time']),
    ...(one.target === other.target ? [] : ['link']),
  ];
}

function inTreeOrder(one: string, other: string): number {
  const [parts, others] = [one.split('/'), other.split('/')];
  const at = parts.findIndex((part, place) => part !== others[place]);
  if (at < 0) return parts.length - others.length;
  return (parts[at] ?? '') < (others[at] ?? '') ? -1 : 1;
}
