import { once } from 'node:events';
import type { Endpoint } from '../../core/registry/endpoint.ts';
import { vaultContents } from '../../core/serve/vaultContents.ts';
import type { Command, Report } from '../command.ts';
import { usageFailure } from '../failures.ts';
import { vaultOption } from '../options.ts';
import { printable, printableJson } from '../printable.ts';
import { openChosenVault } from '../vaultOption.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'Serve a vault as a registry on this machine, to be pulled from, until Ctrl+C',
  usage: '[--vault FOLDER] [--port NUMBER]',
  details: [
    'Listens on 127.0.0.1 alone, takes nothing in, and wants a log-in that is made up anew each time and printed. There is no way to go without it: whoever else has an account on this machine could read every backup.',
    'A snapshot lies under its name, an image also under the name it had, as the newest snapshot has it: `docker pull 127.0.0.1:PORT/app:1.4`. Docker before 23 can’t pull zstd layers, which vaults have unless they were made with --compression gzip.',
  ],
  takes: { least: 0, most: 0 },
  options: {
    ...vaultOption,
    port: { value: 'NUMBER', help: 'where to listen; without it, wherever it is free' },
  },
  async run(context, args) {
    const port = portOf(args.text('port'));
    const vault = await openChosenVault(context, args, 'read');
    const endpoint = await context.openEndpoint({ contents: vaultContents(vault), port });
    const { address, username, password } = endpoint;
    const report: Omit<Report, 'bytes'> = {
      document: { vault: vault.paths.root, address, username, password },
      text: () => [
        `Serving ${vault.paths.root} at ${address} until Ctrl+C`,
        `User:     ${username}`,
        `Password: ${password}`,
        `To log in: echo ${password} | docker login -u ${username} --password-stdin ${address}`,
      ],
      quiet: [address, username, password],
    };
    const isJson = args.isSet('json');
    const lines = args.isSet('quiet') ? report.quiet : report.text();
    const said = isJson ? [printableJson(report.document)] : lines.map(printable);
    return { ...report, bytes: untilStopped(said, endpoint, context.operation.signal) };
  },
};

/** Says where it is, and serves until it is cancelled or nobody hears what is said. */
async function* untilStopped(
  lines: readonly string[],
  endpoint: Endpoint,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await endpoint.close();
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw usageFailure(`--port needs a number from 1 to 65535, not "${text}".`);
}
