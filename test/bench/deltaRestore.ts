/**
 * Restoring an image, and its next version where the engine has the base, against `docker load` of the whole tar and
 * `docker pull` from `drydock serve`.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median, type Measured } from './measure.ts';
import { makeNextVersions, usualSizes, type VersionSizes } from './nextVersions.ts';
import type { BenchRow } from './report.ts';
import { serveVault } from './servedVault.ts';

const [base, next] = ['drydock-bench/delta:1', 'drydock-bench/delta:2'] as const;

/** A base of 1 GB and two versions that change 5 MB. */
export async function benchDeltaRestore(
  bench: ProgramBench,
  size: VersionSizes = usualSizes,
): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env, runs } = bench;
  const [vault, gzipped, archive] = ['delta-vault', 'delta-gzip-vault', 'delta.tar'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await makeNextVersions(bench, [base, next], size);
  await measureNode([cli, 'init', '--vault', vault], env);
  // Docker before 23 can't pull zstd.
  await measureNode([cli, 'init', '--vault', gzipped, '--compression', 'gzip'], env);
  for (const one of [vault, gzipped])
    await measureNode([cli, 'backup', 'image', base, next, '--vault', one, '--quiet'], env);
  await measureShell(`'${dockerPath}' save -o '${archive}' ${next}`, env);

  const without = (...images: readonly string[]): Promise<unknown> =>
    docker('image', 'rm', '--force', ...images);
  const restored = (image: string, from: string): Promise<Measured> =>
    measureNode([cli, 'restore', `${image}@latest`, '--vault', from, '--quiet'], env);
  const loaded = await median(runs, async () => {
    await without(next);
    return measureShell(`'${dockerPath}' load -q -i '${archive}'`, env);
  });
  const ours = await median(runs, async () => {
    await without(next);
    return restored(next, vault);
  });

  const served = await serveVault(bench, gzipped);
  const pulled = (image: string): Promise<Measured> =>
    measureShell(`'${dockerPath}' pull -q ${served.address}/${image}`, served.env);
  await without(base, next);
  await restored(base, gzipped);
  // Once: from then on the engine knows the digests of these layers.
  const nextPulled = await pulled(next);
  await without(`${served.address}/${next}`);
  const nextRestored = await median(runs, async () => {
    const measured = await restored(next, gzipped);
    await without(next);
    return measured;
  });
  await without(base);
  const basePulled = await median(runs, async () => {
    const measured = await pulled(base);
    await without(`${served.address}/${base}`);
    return measured;
  });
  const baseRestored = await median(runs, async () => {
    const measured = await restored(base, gzipped);
    await without(base);
    return measured;
  });
  await served.stop();
  await rm(vault, { recursive: true });
  await rm(gzipped, { recursive: true });
  await rm(archive);
  const peer = '`docker pull` from `drydock serve`';
  return [
    {
      what: 'restore the next version of an image of 1 GB, 5 MB of it new to the engine, checked',
      ours,
      peer: '`docker load` of the whole tar, the same layers there',
      theirs: loaded,
      goal: 0.25,
      note: 'the whole program; looked up and compared afterwards',
    },
    {
      what: 'the same out of a vault with gzip, which this engine can pull',
      ours: nextRestored,
      peer,
      theirs: nextPulled,
      note: 'the base had been loaded and never pulled; pulled once',
    },
    {
      what: 'restore an image of 1 GB that is all new to the engine, out of that vault',
      ours: baseRestored,
      peer,
      theirs: basePulled,
    },
  ];
}
