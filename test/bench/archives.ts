/** Save and load of a large image against the docker CLI and zstd, in one run on one engine. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packRealFiles, type ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median, type Measured } from './measure.ts';
import type { BenchRow } from './report.ts';

const image = 'drydock-bench/large:1';

/** An image of about 1.5 GB in two layers: programs and libraries of this machine, as real images hold. */
export async function makeLargeImage(bench: ProgramBench): Promise<number> {
  const context = join(bench.folder, 'context');
  await mkdir(context);
  await packRealFiles(bench, { tar: join(context, 'base.tar'), bytes: 1_200_000_000, paths: '/usr/lib' });
  await packRealFiles(bench, {
    tar: join(context, 'app.tar'),
    bytes: 350_000_000,
    paths: '/usr/bin /usr/share',
  });
  await measureShell(
    `printf 'FROM scratch\\nADD base.tar /\\nADD app.tar /app/\\n' | '${bench.dockerPath}' build -q -t ${image} -f - '${context}'`,
    bench.env,
  );
  await rm(context, { recursive: true });
  return Number(await bench.docker('image', 'inspect', '--format', '{{.Size}}', image));
}

export async function benchArchives(bench: ProgramBench): Promise<readonly BenchRow[]> {
  const { dockerPath, cli, folder, env, runs } = bench;
  const ours = join(folder, 'ours.tar.zst');
  const theirs = join(folder, 'theirs.tar.zst');
  const plain = join(folder, 'plain.tar');

  const saveTheirs = await median(runs, () =>
    measureShell(`'${dockerPath}' save ${image} | zstd -q -f -3 -T2 -o '${theirs}'`, env),
  );
  const saveOurs = await median(runs, () =>
    measureNode([cli, 'save', image, '--output', ours, '--compress', 'zstd', '--force', '--quiet'], env),
  );
  const savePlainTheirs = await median(runs, () =>
    measureShell(`'${dockerPath}' save -o '${plain}' ${image}`, env),
  );
  const savePlainOurs = await median(runs, () =>
    measureNode([cli, 'save', image, '--output', plain, '--compress', 'none', '--force', '--quiet'], env),
  );
  const checkOurs = await median(runs, () => measureNode([cli, 'archive', 'check', ours, '--quiet'], env));
  const checkTheirs = await median(runs, () => measureShell(`zstd -q -dc '${ours}' | sha256sum`, env));

  const cold = async (once: () => Promise<Measured>): Promise<Measured> => {
    await bench.docker('image', 'rm', '--force', image);
    return once();
  };
  const loadTheirs = await median(runs, () =>
    cold(() => measureShell(`zstd -q -dc '${theirs}' | '${dockerPath}' load -q`, env)),
  );
  const loadOurs = await median(runs, () => cold(() => measureNode([cli, 'load', ours, '--quiet'], env)));

  const size = { ours: (await stat(ours)).size, theirs: (await stat(theirs)).size };
  await Promise.all([ours, theirs, plain].map((path) => rm(path)));
  return [
    {
      what: 'save, zstd, read back',
      ours: saveOurs,
      peer: '`docker save | zstd -3 -T2`',
      theirs: saveTheirs,
      goal: 1.1,
      note: 'packing, unpacking again and hashing share the processors with the engine',
    },
    {
      what: 'save, uncompressed, read back',
      ours: savePlainOurs,
      peer: '`docker save -o`',
      theirs: savePlainTheirs,
    },
    {
      what: 'load, zstd, cold, checked first',
      ours: loadOurs,
      peer: '`zstd -dc | docker load`',
      theirs: loadTheirs,
    },
    { what: 'check an archive', ours: checkOurs, peer: '`zstd -dc | sha256sum`', theirs: checkTheirs },
    {
      what: 'bytes of the zstd archive',
      ours: { bytes: size.ours },
      peer: '`zstd -3 -T2`',
      theirs: { bytes: size.theirs },
    },
  ];
}
