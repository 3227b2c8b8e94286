/** Restoring the next version of an image whose base the engine has, against `docker load` of the whole tar. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packRealFiles, type ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median } from './measure.ts';
import type { BenchRow } from './report.ts';

const [base, next] = ['drydock-bench/delta:1', 'drydock-bench/delta:2'] as const;

/** A base of 1 GB and two versions that change 5 MB. */
export async function benchDeltaRestore(
  bench: ProgramBench,
  size: { readonly baseBytes: number; readonly changeBytes: number } = {
    baseBytes: 1_000_000_000,
    changeBytes: 5_000_000,
  },
): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env, runs } = bench;
  const context = join(folder, 'delta');
  const [vault, archive] = [join(folder, 'delta-vault'), join(folder, 'delta.tar')];
  await mkdir(context);
  await packRealFiles(bench, { tar: join(context, 'base.tar'), bytes: size.baseBytes, paths: '/usr' });
  for (const [at, image] of [base, next].entries()) {
    await packRealFiles(bench, {
      tar: join(context, `app${at}.tar`),
      bytes: size.changeBytes,
      paths: '/usr/bin',
      skip: 30 * at,
    });
    await measureShell(
      `printf 'FROM scratch\\nADD base.tar /\\nADD app${at}.tar /app/\\n' | '${dockerPath}' build -q -t ${image} -f - '${context}'`,
      env,
    );
  }
  await rm(context, { recursive: true });
  await measureNode([cli, 'init', '--vault', vault], env);
  await measureNode([cli, 'backup', 'image', base, next, '--vault', vault, '--quiet'], env);
  await measureShell(`'${dockerPath}' save -o '${archive}' ${next}`, env);

  const without = (): Promise<unknown> => docker('image', 'rm', next);
  const theirs = await median(runs, async () => {
    await without();
    return measureShell(`'${dockerPath}' load -q -i '${archive}'`, env);
  });
  const ours = await median(runs, async () => {
    await without();
    return measureNode([cli, 'restore', `${next}@latest`, '--vault', vault, '--quiet'], env);
  });
  await docker('image', 'rm', '--force', base, next);
  await rm(vault, { recursive: true });
  await rm(archive);
  return [
    {
      what: 'restore the next version of an image of 1 GB, 5 MB of it new to the engine, checked',
      ours,
      peer: '`docker load` of the whole tar, the same layers there',
      theirs,
      goal: 0.25,
      note: 'the whole program; looked up and compared afterwards',
    },
  ];
}
