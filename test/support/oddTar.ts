/** A tar of a root file system that holds what archives tend to lose: for images and containers of tests. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pack, type Header } from 'tar-stream';

const mtime = new Date('2024-02-29T12:34:56Z');

/** Long and foreign names, hard and symbolic links, setuid, sticky, owners beyond 16 bits, a fifo, a device. */
export async function writeOddTar(path: string): Promise<void> {
  const tar = pack();
  const add = (header: Partial<Header> & { name: string }, content = ''): void => {
    tar.entry({ mtime, mode: 0o644, uid: 0, gid: 0, ...header }, content);
  };
  add({ name: 'bin/', type: 'directory', mode: 0o755 });
  add({ name: 'bin/tool', mode: 0o4755, uid: 0, gid: 50 }, '#!tool\n');
  add({ name: 'bin/hard', type: 'link', linkname: 'bin/tool', mode: 0o4755, gid: 50 });
  add({ name: 'bin/soft', type: 'symlink', linkname: 'tool', mode: 0o777 });
  add({ name: 'bin/dangling', type: 'symlink', linkname: '/nowhere/at/all', mode: 0o777 });
  add({ name: 'tmp/', type: 'directory', mode: 0o1777 });
  add({ name: 'data/', type: 'directory', mode: 0o2750, uid: 123_456, gid: 234_567 });
  add({ name: 'data/owned', mode: 0o600, uid: 123_456, gid: 234_567 }, 'owned\n');
  add({ name: 'data/empty', mode: 0o000 });
  add({ name: 'data/漢字 and ünïcode, "quotes" and spaces', mode: 0o644 }, 'name\n');
  add({ name: `data/${'long/'.repeat(30)}file` }, 'deep\n');
  add({ name: `data/${'n'.repeat(200)}` }, 'long\n');
  add({ name: 'run/', type: 'directory', mode: 0o755 });
  add({ name: 'run/pipe', type: 'fifo', mode: 0o620 });
  add({ name: 'run/null', type: 'character-device', mode: 0o666, devmajor: 1, devminor: 3 });
  tar.finalize();
  await pipeline(tar, createWriteStream(path));
}
