/** Backing up the next version of an image of which the vault has most, against a save of all of it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median } from './measure.ts';
import { makeNextVersions, usualSizes, type VersionSizes } from './nextVersions.ts';
import type { BenchRow } from './report.ts';

/** The first version comes as a stream; each later one is backed up once, since the second time nothing is missing. */
export async function benchDeltaBackup(
  bench: ProgramBench,
  sizes: VersionSizes = usualSizes,
): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env, runs } = bench;
  const images = Array.from({ length: runs + 1 }, (_, at) => `drydock-bench/next:${at + 1}`);
  const [first = '', ...later] = images;
  const vault = join(folder, 'next-vault');
  await makeNextVersions(bench, images, sizes);
  const backUp = (image: string) =>
    measureNode([cli, 'backup', 'image', image, '--vault', vault, '--quiet'], env);
  await measureNode([cli, 'init', '--vault', vault], env);
  await backUp(first);
  const theirs = await median(runs, () =>
    measureShell(`'${dockerPath}' save ${later[0] ?? ''} | cat > /dev/null`, env),
  );
  let at = 0;
  const ours = await median(runs, () => backUp(later[at++] ?? ''));
  await docker('image', 'rm', '--force', ...images);
  await rm(vault, { recursive: true });
  return [
    {
      what: 'back up the next version of an image of 1 GB, 5 MB of it new to the vault, read back',
      ours,
      peer: '`docker save | cat > /dev/null`',
      theirs,
      goal: 0.1,
      note: 'the whole program; the first version came as a stream, the engine knew no digest of its layers',
    },
  ];
}
