/** What every benchmark of whole programs is given. */
import type { DockerCli } from '../support/variedImages.ts';
import { measureShell, type Measured } from './measure.ts';

export interface ProgramBench {
  /** A folder for what is made; empty at first. */
  readonly folder: string;
  /** The bundled CLI. */
  readonly cli: string;
  readonly docker: DockerCli;
  readonly dockerPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly runs: number;
}

/** Packs files of this machine below `paths` into a tar until `bytes` are reached, leaving out the first `skip` ones. */
export async function packRealFiles(
  bench: ProgramBench,
  input: { readonly tar: string; readonly bytes: number; readonly paths: string; readonly skip?: number },
): Promise<Measured> {
  const { tar, bytes, paths, skip = 0 } = input;
  const list = `find ${paths} -xdev -type f -size -64M -printf '%s %p\\0' 2>/dev/null | LC_ALL=C sort -z -k2`;
  // Whole files until the wanted size is reached, so that the content is real.
  const pick = `awk -v RS='\\0' -v ORS='\\0' 'NR > ${skip} { s += $1; if (s > ${bytes}) exit; sub(/^[0-9]+ /, ""); print }'`;
  return measureShell(
    `(${list} | ${pick} 2>/dev/null || true) | tar --null --no-recursion -T - -cf '${tar}' 2>/dev/null`,
    bench.env,
  );
}

/** The bytes of all files below a folder. */
export async function bytesBelow(bench: ProgramBench, folder: string): Promise<number> {
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  const { stdout } = await promisify(execFile)('du', ['--summarize', '--bytes', '--apparent-size', folder], {
    env: bench.env,
  });
  return Number(stdout.split('\t')[0]);
}
