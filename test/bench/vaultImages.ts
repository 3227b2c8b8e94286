/** Images in a vault against archives, restic and the docker CLI, in one run on one engine. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesBelow, packRealFiles, type ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median, type Measured } from './measure.ts';
import type { BenchRow } from './report.ts';

const versions = Array.from({ length: 10 }, (_, at) => `drydock-bench/app:${at + 1}`);
const large = 'drydock-bench/large:1';

/** Ten versions of an app: one base, a layer of dependencies that changed twice, a layer of its own each. */
export async function makeVersions(bench: ProgramBench): Promise<void> {
  const context = join(bench.folder, 'versions');
  await mkdir(context);
  await packRealFiles(bench, {
    tar: join(context, 'base.tar'),
    bytes: 250_000_000,
    paths: '/usr/lib/x86_64-linux-gnu /usr/lib',
  });
  for (const number of [0, 1, 2])
    await packRealFiles(bench, {
      tar: join(context, `dependencies${number}.tar`),
      bytes: 90_000_000,
      paths: '/usr/share',
      skip: 40 * number,
    });
  for (const [at, image] of versions.entries()) {
    await packRealFiles(bench, {
      tar: join(context, `app${at}.tar`),
      bytes: 30_000_000,
      paths: '/usr/bin',
      skip: 3 * at,
    });
    const dependencies = Math.floor(at / 4);
    await measureShell(
      `printf 'FROM scratch\\nADD base.tar /\\nADD dependencies${dependencies}.tar /dependencies/\\nADD app${at}.tar /app/\\n' | '${bench.dockerPath}' build -q -t ${image} -f - '${context}'`,
      bench.env,
    );
  }
  await rm(context, { recursive: true });
}

/** Stored bytes and time of all ten, and how long it takes to verify what was stored. */
export async function benchVersions(bench: ProgramBench, restic: string): Promise<readonly BenchRow[]> {
  const { cli, dockerPath, folder, env } = bench;
  const [vault, gzip, zstd, repository] = ['vault', 'gzip', 'zstd', 'restic'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const resticEnv = { ...env, RESTIC_PASSWORD: 'bench', RESTIC_REPOSITORY: repository };
  const each = (line: string): string =>
    versions
      .map((image, at) => line.replaceAll('IMAGE', image).replaceAll('NUMBER', String(at)))
      .join(' && ');
  await mkdir(gzip);
  await mkdir(zstd);

  await measureNode([cli, 'init', '--vault', vault], env);
  const ours = await measureNode([cli, 'backup', 'image', ...versions, '--vault', vault, '--quiet'], env);
  const again = await measureNode([cli, 'backup', 'image', ...versions, '--vault', vault, '--quiet'], env);
  const gzipped = await measureShell(each(`'${dockerPath}' save IMAGE | gzip -1 > '${gzip}/NUMBER'`), env);
  const zstded = await measureShell(
    each(`'${dockerPath}' save IMAGE | zstd -q -3 -T2 -o '${zstd}/NUMBER'`),
    env,
  );
  await measureShell(`'${restic}' init -q --repository-version 2`, resticEnv);
  const resticLine = `'${dockerPath}' save IMAGE | '${restic}' backup -q --stdin --stdin-filename NUMBER.tar`;
  const resticed = await measureShell(each(resticLine), resticEnv);
  const verify = (depth: string): Promise<Measured> =>
    median(bench.runs, () =>
      measureNode([cli, 'verify', '--vault', vault, '--depth', depth, '--quiet'], env),
    );
  const digests = await verify('digests');
  const contents = await verify('contents');
  const checked = await median(bench.runs, () => measureShell(`'${restic}' check -q --read-data`, resticEnv));
  const bytes = {
    vault: await bytesBelow(bench, vault),
    gzip: await bytesBelow(bench, gzip),
    zstd: await bytesBelow(bench, zstd),
    restic: await bytesBelow(bench, repository),
  };
  for (const path of [vault, gzip, zstd, repository]) await rm(path, { recursive: true });
  await bench.docker('image', 'rm', '--force', ...versions);
  const stored = 'ten versions of an app: bytes stored';
  const took = 'ten versions of an app: time';
  return [
    {
      what: stored,
      ours: { bytes: bytes.vault },
      peer: 'ten `docker save | gzip -1`',
      theirs: { bytes: bytes.gzip },
      goal: 0.28,
    },
    {
      what: stored,
      ours: { bytes: bytes.vault },
      peer: 'ten `docker save | zstd -3 -T2`',
      theirs: { bytes: bytes.zstd },
    },
    {
      what: stored,
      ours: { bytes: bytes.vault },
      peer: 'restic, ten `docker save` from standard input',
      theirs: { bytes: bytes.restic },
      goal: 1.5,
    },
    { what: took, ours, peer: 'ten `docker save | gzip -1`', theirs: gzipped },
    { what: took, ours, peer: 'ten `docker save | zstd -3 -T2`', theirs: zstded },
    { what: took, ours, peer: 'restic, ten `docker save` from standard input', theirs: resticed, goal: 0.35 },
    {
      what: 'the same ten again, unchanged, read back',
      ours: again,
      peer: 'their first backup',
      theirs: ours,
    },
    {
      what: 'verify every blob’s digest',
      ours: digests,
      peer: '`restic check --read-data`',
      theirs: checked,
    },
    {
      what: 'verify down to each file',
      ours: contents,
      peer: '`restic check --read-data`',
      theirs: checked,
      note: 'unpacks every layer and hashes every file in it; restic stops at its packs',
    },
  ];
}

/** One large image: a full backup, a cold restore, and one file out of it. The image is gone afterwards. */
export async function benchLarge(bench: ProgramBench): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env, runs } = bench;
  const vault = join(folder, 'vault');
  const plain = join(folder, 'plain.tar');
  const packed = join(folder, 'packed.tar.zst');
  const id = await docker('image', 'inspect', '--format', '{{.Id}}', large);
  const backUp = async (): Promise<Measured> => {
    await rm(vault, { recursive: true, force: true });
    await measureNode([cli, 'init', '--vault', vault], env);
    return measureNode([cli, 'backup', 'image', large, '--vault', vault, '--quiet'], env);
  };
  const savedTheirs = await median(runs, () =>
    measureShell(`'${dockerPath}' save ${large} | zstd -q -f -3 -T2 -o '${packed}'`, env),
  );
  const savedOurs = await median(runs, backUp);
  await measureShell(`'${dockerPath}' save -o '${plain}' ${large}`, env);
  const cold = async (once: () => Promise<Measured>): Promise<Measured> => {
    await docker('image', 'rm', '--force', large);
    return once();
  };
  const loaded = await median(runs, () =>
    cold(() => measureShell(`'${dockerPath}' load -q -i '${plain}'`, env)),
  );
  const restored = await median(runs, () =>
    cold(() => measureNode([cli, 'restore', 'latest', '--vault', vault, '--yes', '--quiet'], env)),
  );
  const back = await docker('image', 'inspect', '--format', '{{.Id}}', large);
  if (back !== id) throw new Error(`${large} came back as ${back} where ${id} was backed up`);
  for (const path of [vault, plain, packed]) await rm(path, { recursive: true });
  return [
    {
      what: 'full backup of one image into a vault, indexed, read back',
      ours: savedOurs,
      peer: '`docker save | zstd -3 -T2`',
      theirs: savedTheirs,
      goal: 1.1,
    },
    { what: 'cold restore from a vault, checked', ours: restored, peer: '`docker load`', theirs: loaded },
  ];
}
