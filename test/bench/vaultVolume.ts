/** A volume of many small files in a vault against restic, both reading the same folder of the engine. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesBelow, type ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell } from './measure.ts';
import type { BenchRow } from './report.ts';

const volume = 'drydock-bench-files';
const fileCount = 40_000;

export async function benchVolume(bench: ProgramBench, restic: string): Promise<readonly BenchRow[]> {
  const { cli, docker, folder, env } = bench;
  const vault = join(folder, 'vault');
  const repository = join(folder, 'restic');
  const resticEnv = { ...env, RESTIC_PASSWORD: 'bench', RESTIC_REPOSITORY: repository };
  await docker('volume', 'create', '--label', 'dev.drydock.test=1', volume);
  const path = await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', volume);
  // Pieces of real files, a few KiB each, in folders of a hundred.
  await measureShell(
    `cd '${path}' && for folder in $(seq 1 ${fileCount / 100}); do mkdir "$folder"; done &&
     { find /usr/lib /usr/share -xdev -type f -size +3k -size -4M -exec cat {} + 2>/dev/null || true; } |
     head -c ${fileCount * 4096} | split --bytes 4096 --suffix-length 5 --numeric-suffixes - piece. &&
     for folder in $(seq 1 ${fileCount / 100}); do mv $(printf 'piece.%03d?? ' $((folder - 1))) "$folder/"; done`,
    env,
  );
  const change = (): Promise<unknown> =>
    measureShell(`cd '${path}' && for folder in 7 8 9; do date +%N > "$folder/new"; done`, env);

  await measureNode([cli, 'init', '--vault', vault], env);
  await measureShell(`'${restic}' init -q --repository-version 2`, resticEnv);
  const backUp = ['backup', 'volume', volume, '--vault', vault, '--quiet'];
  const ours = await measureNode([cli, ...backUp], env);
  const theirs = await measureShell(`'${restic}' backup -q '${path}'`, resticEnv);
  const first = { vault: await bytesBelow(bench, vault), restic: await bytesBelow(bench, repository) };
  await change();
  const oursAgain = await measureNode([cli, ...backUp], env);
  const theirsAgain = await measureShell(`'${restic}' backup -q '${path}'`, resticEnv);
  const both = { vault: await bytesBelow(bench, vault), restic: await bytesBelow(bench, repository) };
  await docker('volume', 'rm', volume);
  for (const made of [vault, repository]) await rm(made, { recursive: true });
  const files = `a volume of ${fileCount.toLocaleString('en')} files`;
  const note = 'restic reads the folder on the host; Drydock asks the engine, as from anywhere';
  return [
    { what: `${files}: first backup`, ours, peer: 'restic', theirs, note },
    {
      what: `${files}: bytes stored`,
      ours: { bytes: first.vault },
      peer: 'restic',
      theirs: { bytes: first.restic },
    },
    {
      what: `${files}: again, three files new`,
      ours: oursAgain,
      peer: 'restic',
      theirs: theirsAgain,
      note: 'restic skips files by their times; an engine gives all of a volume or nothing',
    },
    {
      what: `${files}: bytes that the second backup added`,
      ours: { bytes: both.vault - first.vault },
      peer: 'restic',
      theirs: { bytes: both.restic - first.restic },
    },
  ];
}
