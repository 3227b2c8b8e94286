import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packRealFiles, type ProgramBench } from './benchFolder.ts';
import { measureShell } from './measure.ts';

export interface VersionSizes {
  readonly baseBytes: number;
  readonly changeBytes: number;
}

/** 1 GB of which 5 MB change. */
export const usualSizes: VersionSizes = { baseBytes: 1_000_000_000, changeBytes: 5_000_000 };

/** Builds versions of one image: all on the same base, each with a layer of its own. */
export async function makeNextVersions(
  bench: ProgramBench,
  images: readonly string[],
  { baseBytes, changeBytes }: VersionSizes,
): Promise<void> {
  const context = join(bench.folder, 'next-versions');
  await mkdir(context);
  await packRealFiles(bench, { tar: join(context, 'base.tar'), bytes: baseBytes, paths: '/usr' });
  for (const [at, image] of images.entries()) {
    await packRealFiles(bench, {
      tar: join(context, `app${at}.tar`),
      bytes: changeBytes,
      paths: '/usr/bin',
      skip: 30 * at,
    });
    await measureShell(
      `printf 'FROM scratch\\nADD base.tar /\\nADD app${at}.tar /app/\\n' | '${bench.dockerPath}' build -q -t ${image} -f - '${context}'`,
      bench.env,
    );
  }
  await rm(context, { recursive: true });
}
