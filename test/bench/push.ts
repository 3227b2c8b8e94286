/** Pushing the next version of an image to a registry that has the one before, against those who push it otherwise. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startRealRegistry } from '../support/realRegistry.ts';
import type { ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median, type Measured } from './measure.ts';
import { makeNextVersions, usualSizes, type VersionSizes } from './nextVersions.ts';
import type { BenchRow } from './report.ts';

const source = 'drydock-bench/pushed';

/** Each tool has a repository of its own with the first version in it, pushed by itself; each later one is pushed once. */
export async function benchPush(
  bench: ProgramBench,
  skopeo: string,
  sizes: VersionSizes = usualSizes,
): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env, runs } = bench;
  const tags = Array.from({ length: runs + 1 }, (_, at) => String(at + 1));
  const images = tags.map((tag) => `${source}:${tag}`);
  const vault = join(folder, 'push-vault');
  await makeNextVersions(bench, images, sizes);
  await measureNode([cli, 'init', '--vault', vault], env);
  await measureNode([cli, 'backup', 'image', ...images, '--vault', vault, '--quiet'], env);
  const registryFolder = join(folder, 'registry');
  await mkdir(registryFolder);
  const registry = await startRealRegistry(registryFolder);
  const { host } = registry;

  /** What pushing each version after the first takes; the first is not counted. */
  const pushed = async (push: (tag: string) => Promise<Measured>): Promise<Measured> => {
    const [first = '', ...later] = tags;
    await push(first);
    let at = 0;
    return median(runs, () => push(later[at++] ?? ''));
  };
  const ours = await pushed((tag) =>
    measureNode(
      [
        ...[cli, 'push', `${source}:${tag}@latest`, `${host}/ours:${tag}`],
        ...['--image', `${source}:${tag}`, '--vault', vault, '--quiet'],
      ],
      env,
    ),
  );
  const byDocker = await pushed(async (tag) => {
    await docker('tag', `${source}:${tag}`, `${host}/docker:${tag}`);
    const measured = await measureShell(`'${dockerPath}' push -q ${host}/docker:${tag}`, env);
    await docker('image', 'rm', `${host}/docker:${tag}`);
    return measured;
  });
  const bySkopeo = await pushed((tag) =>
    measureShell(
      `'${skopeo}' copy -q --dest-tls-verify=false docker-daemon:${source}:${tag} docker://${host}/skopeo:${tag} --src-daemon-host "$DOCKER_HOST"`,
      env,
    ),
  );
  await registry.stop();
  await docker('image', 'rm', '--force', ...images);
  await rm(registryFolder, { recursive: true });
  await rm(vault, { recursive: true });
  const what = 'push the next version of an image of 1 GB, 5 MB of it new to the registry, read back there';
  const note = 'the whole program, out of a vault';
  return [
    { what, ours, peer: '`docker push`, which reads nothing back', theirs: byDocker, note },
    { what, ours, peer: '`skopeo copy` out of the engine', theirs: bySkopeo, note },
  ];
}
