// `npm run package`: builds the VSIX into the checkout, checks what it holds, and installs it into a real VS Code.
import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageExtension } from './packaging/packageExtension.ts';
import { zipEntries } from './packaging/zipNames.ts';
import { checkout, provisionFolder } from './provision/places.ts';
import { provideCodeServer } from './provision/provideCodeServer.ts';

const vsix = await packageExtension(checkout);
const entries = await zipEntries(vsix);
for (const { name, sizeBytes } of entries) console.log(`${String(sizeBytes).padStart(9)}  ${name}`);

const { name, publisher, version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as {
  name: string;
  publisher: string;
  version: string;
};
const server = await provideCodeServer();
const folder = join(provisionFolder, 'package-check');
await rm(folder, { recursive: true, force: true });
const run = (...args: string[]) =>
  promisify(execFile)(server.node, [
    ...[
      server.serverMain,
      '--user-data-dir',
      join(folder, 'data'),
      '--server-data-dir',
      join(folder, 'server'),
    ],
    ...['--extensions-dir', join(folder, 'extensions'), '--accept-server-license-terms', ...args],
  ]);
await run('--install-extension', vsix);
const { stdout } = await run('--list-extensions', '--show-versions');
if (!stdout.split('\n').includes(`${publisher}.${name}@${version}`))
  throw new Error(`VS Code does not list the installed package:\n${stdout}`);
await rm(folder, { recursive: true, force: true });
console.log(`${vsix}: ${(await stat(vsix)).size} bytes, ${entries.length} files, installed and listed.`);
