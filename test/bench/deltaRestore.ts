/** Restoring the next version of an image whose base the engine has, against `docker load` of the whole tar. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median } from './measure.ts';
import { makeNextVersions, usualSizes, type VersionSizes } from './nextVersions.ts';
import type { BenchRow } from './report.ts';

const [base, next] = ['drydock-bench/delta:1', 'drydock-bench/delta:2'] as const;

/** A base of 1 GB and two versions that change 5 MB. */
export async function benchDeltaRestore(
  bench: ProgramBench,
  size: VersionSizes = usualSizes,
): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env, runs } = bench;
  const [vault, archive] = [join(folder, 'delta-vault'), join(folder, 'delta.tar')];
  await makeNextVersions(bench, [base, next], size);
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
