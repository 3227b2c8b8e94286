/** Moving a project to a second engine beside the first, against saving, loading and copying by hand. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { startEngine } from '../../scripts/engine/startEngine.ts';
import { makeShellImage, shellImage } from '../support/shellImage.ts';
import { packRealFiles, type ProgramBench } from './benchFolder.ts';
import { measureShell, type Measured } from './measure.ts';
import type { BenchRow } from './report.ts';

const [project, volume] = ['drydock-bench-shop', 'drydock-bench-shop-data'];
const told = z.object({ stillMs: z.number(), sentBytes: z.number() });

/** A volume of 1 GB, of which 1 % is written again all the time. */
export async function benchMove(
  bench: ProgramBench,
  host: string,
  volumeBytes = 1_000_000_000,
): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env } = bench;
  const second = await startEngine(join(folder, 'second'));
  try {
    await makeShellImage(host);
    const label = ['--label', `com.docker.compose.project=${project}`];
    await docker('volume', 'create', ...label, volume);
    const path = await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', volume);
    const tar = join(folder, 'volume.tar');
    await packRealFiles(bench, { tar, bytes: volumeBytes, paths: '/usr' });
    await measureShell(`tar -xf '${tar}' -C '${path}' && rm '${tar}'`, env);
    await measureShell(`head -c ${volumeBytes / 1000} /dev/urandom > '${path}/seed'`, env);
    const hot =
      'while true; do for i in 0 1 2 3 4 5 6 7 8 9; do cat /data/seed > /data/hot$i; done; sleep 1; done';
    const run = ['--stop-signal', 'KILL', '--network', 'none', '--volume', `${volume}:/data`, ...label];
    await docker('run', '--detach', '--name', project, ...run, shellImage, 'sh', '-c', hot);

    const state = join(folder, 'state');
    await mkdir(state);
    const start = process.hrtime.bigint();
    const args = [cli, 'move', 'project', project, '--to-host', second.host, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...env, XDG_STATE_HOME: state },
    });
    const ours: Measured = { seconds: Number(process.hrtime.bigint() - start) / 1e9 };
    const { stillMs, sentBytes } = told.parse(JSON.parse(stdout));

    const there = `'${dockerPath}' -H '${second.host}'`;
    await measureShell(
      `${there} rm -f ${project} && ${there} volume rm ${volume} && ${there} rmi -f ${shellImage}`,
      env,
    );
    const theirs = await measureShell(
      `'${dockerPath}' save ${shellImage} | ${there} load -q && ${there} volume create ${volume} &&
       ${there} create --name ${project} --network none --volume ${volume}:/data ${shellImage} sh -c '${hot}' &&
       '${dockerPath}' cp -a ${project}:/data - | ${there} cp -a - ${project}:/ && ${there} start ${project}`,
      env,
    );
    await docker('rm', '--force', project);
    await docker('volume', 'rm', volume);
    const megabytes = Math.round(sentBytes / 1e6);
    return [
      {
        what: 'move a project with a volume of 1 GB, 1 % of it written all the time, compared entry by entry',
        ours,
        peer: '`docker save | load` and `docker cp` of the volume, nothing checked',
        theirs,
        note: `${megabytes} MB sent; 3 s of it wait whether it stays up`,
      },
      {
        what: 'how long it stands still for that',
        ours: { seconds: stillMs / 1000 },
        peer: 'all of the same by hand',
        theirs,
      },
    ];
  } finally {
    await second.remove();
  }
}
