/** What must not grow with what is stored: memory, and the time to get one file. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packRealFiles, type ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median } from './measure.ts';
import type { BenchRow } from './report.ts';

const wanted = 'wanted/file';

/** One small file out of a snapshot of 2 GB. */
export async function benchOneFile(bench: ProgramBench, restic: string): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env, runs } = bench;
  const image = 'drydock-bench/two:1';
  const context = join(folder, 'two');
  await mkdir(join(context, 'wanted'), { recursive: true });
  await packRealFiles(bench, { tar: join(context, 'a.tar'), bytes: 1_000_000_000, paths: '/usr/lib' });
  await packRealFiles(bench, { tar: join(context, 'b.tar'), bytes: 1_000_000_000, paths: '/usr' });
  await measureShell(`head -c 20000 /dev/urandom > '${context}/${wanted}'`, env);
  await measureShell(
    `printf 'FROM scratch\\nADD a.tar /a/\\nADD ${wanted} /${wanted}\\nADD b.tar /b/\\n' | '${dockerPath}' build -q -t ${image} -f - '${context}'`,
    env,
  );
  const vault = join(folder, 'vault');
  const repository = join(folder, 'restic');
  const resticEnv = { ...env, RESTIC_PASSWORD: 'bench', RESTIC_REPOSITORY: repository };
  await measureNode([cli, 'init', '--vault', vault], env);
  await measureNode([cli, 'backup', 'image', image, '--vault', vault, '--quiet'], env);
  await measureShell(
    `'${restic}' init -q --repository-version 2 && cd '${context}' && '${restic}' backup -q .`,
    resticEnv,
  );
  const found = join(folder, 'found');
  const cat = `'${process.execPath}' '${cli}' cat latest '/${wanted}' --vault '${vault}' > '${found}'`;
  const ours = await median(runs, () => measureShell(cat, env));
  await measureShell(`cmp '${found}' '${context}/${wanted}'`, env);
  const start = await median(runs, () => measureNode([cli, '--version'], env));
  const theirs = await median(runs, () =>
    measureShell(`'${restic}' dump latest '/${wanted}' > /dev/null`, resticEnv),
  );
  await docker('image', 'rm', '--force', image);
  for (const path of [vault, repository, context, found]) await rm(path, { recursive: true });
  const startMs = Math.round(start.seconds * 1000);
  return [
    {
      what: 'one file out of a snapshot of 2 GB, the whole program',
      ours,
      peer: '`restic dump`',
      theirs,
      note: `goal < 200 ms ${ours.seconds < 0.2 ? 'met' : '**missed**'}; starting the program alone takes ${startMs} ms`,
    },
  ];
}

/** The most memory that a backup of 5 GB and its restore hold. */
export async function benchMemory(bench: ProgramBench): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env } = bench;
  const image = 'drydock-bench/five:1';
  const context = join(folder, 'five');
  await mkdir(context);
  // Numbers are quick to make and pack to a third: what they are does not matter for memory.
  const layers = [1, 2, 3, 4, 5];
  for (const layer of layers)
    await measureShell(
      `(seq ${layer}00000000 ${layer}99999999 || true) 2>/dev/null | head -c 1000000000 > '${context}/${layer}'`,
      env,
    );
  await measureShell(
    `(echo 'FROM scratch'; for layer in ${layers.join(' ')}; do echo "COPY $layer /$layer"; done) | '${dockerPath}' build -q -t ${image} -f - '${context}'`,
    env,
  );
  await rm(context, { recursive: true });
  const vault = join(folder, 'vault');
  await measureNode([cli, 'init', '--vault', vault], env);
  const ours = await measureNode([cli, 'backup', 'image', image, '--vault', vault, '--quiet'], env);
  await docker('image', 'rm', '--force', image);
  const restored = await measureNode([cli, 'restore', 'latest', '--vault', vault, '--yes', '--quiet'], env);
  await docker('image', 'rm', '--force', image);
  await rm(vault, { recursive: true });
  const none = { bytes: 5_000_000_000 };
  return [
    {
      what: 'peak memory of backing up an image of 5 GB',
      ours: { bytes: ours.peakBytes ?? 0 },
      peer: 'its size',
      theirs: none,
    },
    {
      what: 'peak memory of restoring it',
      ours: { bytes: restored.peakBytes ?? 0 },
      peer: 'its size',
      theirs: none,
    },
  ];
}
