import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { provideEngine } from '../provision/provideEngine.ts';
import type { EngineKind } from './engineKind.ts';
import type { EnginePaths } from './startEngine.ts';

export interface EngineCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** The command line of that engine on those paths, with the configuration files it names written. */
export async function engineCommand(kind: EngineKind, paths: EnginePaths): Promise<EngineCommand> {
  const command = kind.product === 'docker' ? await dockerCommand(kind, paths) : await podmanCommand(paths);
  if (kind.root === undefined) return command;
  await mkdir(paths.exec, { recursive: true });
  return {
    program: 'unshare',
    args: [
      ...['--mount', '--propagation', 'slave', 'sh', '-c', enterRoot, 'sh', kind.root],
      ...[paths.folder, paths.runFolder, command.program, ...command.args],
    ],
    env: { ...command.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  };
}

/**
 * Makes another root file system the root of this mount namespace, with the engine's folders in it, and becomes the
 * engine. A plain chroot is not enough: there `exec` into a container ends up in the machine's own root.
 */
const enterRoot = `set -e
root=$1; data=$2; run=$3; shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
for folder in "$data" "$run"; do
  mkdir -p "$root$folder"
  mount --bind "$folder" "$root$folder"
done
mkdir -p "$root/.machine"
cd "$root"
pivot_root . .machine
umount -l /.machine
exec "$@"`;

async function dockerCommand(kind: EngineKind, paths: EnginePaths): Promise<EngineCommand> {
  const usesContainerd = kind.store === 'containerd';
  // A configuration file of our own keeps the machine's /etc/docker/daemon.json out.
  const config = join(paths.runFolder, 'daemon.json');
  await writeFile(
    config,
    JSON.stringify(usesContainerd ? { features: { 'containerd-snapshotter': true } } : {}),
  );
  const chosenDriver = usesContainerd ? 'overlayfs' : 'overlay2';
  return {
    program: kind.root === undefined ? (await provideEngine()).dockerd : '/usr/sbin/dockerd',
    args: [
      ['--config-file', config],
      ['--data-root', paths.data],
      ['--exec-root', paths.exec],
      ['--pidfile', paths.pid],
      ['--host', `unix://${paths.socket}`],
      // A bridge of its own: with none, dockerd would delete docker0 under an engine that is not ours.
      [`--bridge=${paths.name}`, '--iptables=false', '--ip-masq=false', '--ip-forward=false'],
      ['--cgroup-parent', `/${paths.name}`, '--shutdown-timeout', '5'],
      kind.root === undefined ? [] : ['--storage-driver', chosenDriver],
    ].flat(),
    env: process.env,
  };
}

async function podmanCommand(paths: EnginePaths): Promise<EngineCommand> {
  const config = join(paths.runFolder, 'containers.conf');
  // The default limits are higher than some machines allow.
  const limits = '["nofile=20000:20000","nproc=96365:96365"]';
  await writeFile(config, `[containers]\nnetns="host"\ndefault_ulimits=${limits}\n`);
  return {
    program: '/usr/bin/podman',
    args: [
      ['--root', paths.data, '--runroot', paths.exec, '--storage-driver', 'overlay'],
      ['--cgroup-manager', 'cgroupfs', '--events-backend', 'file', '--runtime', 'runc'],
      ['system', 'service', '--time', '0', `unix://${paths.socket}`],
    ].flat(),
    env: { ...process.env, CONTAINERS_CONF: config },
  };
}
