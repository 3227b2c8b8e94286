/**
 * Everything odd that a volume may hold, made in its folder on this machine, and what is there afterwards as the
 * file system itself tells it: not through an engine, whose word is what is tested.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { lutimesSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Fills a folder. `seed` goes into file contents, so that two volumes differ. */
export function fillOddly(folder: string, seed = 'a'): void {
  const at = (path: string): string => join(folder, path);
  writeFileSync(at('plain'), `plain ${seed}\n`);
  writeFileSync(at('empty'), '');
  writeFileSync(at('large'), Buffer.alloc(3_000_000, seed));
  writeFileSync(at('sparse'), 'end');
  truncateSync(at('sparse'), 2_000_000);
  mkdirSync(at('z-dir'), { mode: 0o700 });
  chownSync(at('z-dir'), 1234, 4321);
  writeFileSync(at('z-dir/owned'), 'mine');
  chownSync(at('z-dir/owned'), 99_999, 3_000_000);
  chmodSync(at('z-dir/owned'), 0o604);
  linkSync(at('plain'), at('z-dir/hard'));
  writeFileSync(at('setuid'), '#!');
  chownSync(at('setuid'), 33, 33);
  chmodSync(at('setuid'), 0o4755);
  linkSync(at('setuid'), at('setuid-link'));
  writeFileSync(at('setgid'), '#!');
  chmodSync(at('setgid'), 0o2750);
  mkdirSync(at('sticky'));
  chmodSync(at('sticky'), 0o3777);
  writeFileSync(at('capable'), 'x');
  execFileSync('setcap', ['cap_net_raw+ep', at('capable')]);
  linkSync(at('capable'), at('capable-link'));
  symlinkSync('../../etc/passwd', at('leaves'));
  symlinkSync('/absolute/nowhere', at('absolute'));
  symlinkSync('plain', at('z-dir/dangling'));
  execFileSync('mkfifo', ['-m', '640', at('fifo')]);
  execFileSync('mknod', ['-m', '600', at('char'), 'c', '1', '3']);
  execFileSync('mknod', ['-m', '660', at('block'), 'b', '259', '1048575']);
  writeFileSync(Buffer.concat([Buffer.from(at('bytes-')), Buffer.from([0xff, 0xfe, 0x80])]), 'raw name');
  writeFileSync(at('ünï cödé \n line'), 'unicode');
  const long = at(join('l'.repeat(200), 'm'.repeat(200), 'n'.repeat(200)));
  mkdirSync(long, { recursive: true });
  writeFileSync(join(long, 'o'.repeat(250)), 'deep');
  utimesSync(at('plain'), 1_000_000_000, 1_000_000_000);
  lutimesSync(at('leaves'), 1_100_000_000, 1_100_000_000);
  utimesSync(at('z-dir'), 1_200_000_000, 1_200_000_000);
  chownSync(folder, 999, 998);
  chmodSync(folder, 0o2751);
  utimesSync(folder, 1_300_000_000, 1_300_000_000);
}

/** Every path below a folder, itself as `.`, with all that the file system tells of it; names in latin1. */
export function factsOf(folder: string): Readonly<Record<string, string>> {
  const facts: Record<string, string> = {};
  const links = new Map<number, string>();
  const visit = (path: Buffer, name: string): void => {
    const stat = lstatSync(path);
    const isFirst = !links.has(stat.ino);
    if (isFirst) links.set(stat.ino, name);
    const kind = (stat.mode & 0o170000).toString(8);
    facts[name] = [
      `kind ${kind} mode ${stat.isSymbolicLink() ? '' : (stat.mode & 0o7777).toString(8)}`,
      `owner ${stat.uid}:${stat.gid} mtime ${Math.floor(stat.mtimeMs / 1000)}`,
      stat.isFile() ? `size ${stat.size} links ${stat.nlink} same as ${links.get(stat.ino) ?? ''}` : '',
      stat.isCharacterDevice() || stat.isBlockDevice() ? `device ${stat.rdev}` : '',
      stat.isSymbolicLink() ? `to ${readlinkSync(path, 'latin1')}` : '',
      stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '',
      stat.isFile() ? capabilityOf(path) : '',
    ].join(' | ');
    if (!stat.isDirectory()) return;
    for (const child of readdirSync(path, { encoding: 'buffer' }).sort((a, b) => a.compare(b)))
      visit(
        Buffer.concat([path, Buffer.from('/'), child]),
        name === '.' ? child.toString('latin1') : `${name}/${child.toString('latin1')}`,
      );
  };
  visit(Buffer.from(folder), '.');
  return facts;
}

function capabilityOf(path: Buffer): string {
  if (path.toString('utf8').includes('\uFFFD')) return '';
  return execFileSync('getcap', [path.toString('utf8')])
    .toString('utf8')
    .split(' ')
    .slice(1)
    .join(' ')
    .trim();
}
