import { readFileSync } from 'node:fs';
import { findOnPath } from './findOnPath.ts';
import { runLogged } from './runLogged.ts';
import { withLock } from './withLock.ts';

/** True where missing parts may be installed with apt: Debian or a child of it, as root. */
export function canInstallPackages(): boolean {
  return process.getuid?.() === 0 && findOnPath('apt-get') !== undefined && isDebianLike();
}

/**
 * Makes sure the commands exist, installing the packages that bring them where apt can.
 * `otherwise` is what a person on another system is told to do.
 */
export async function aptInstall(
  commands: readonly string[],
  packages: readonly string[],
  otherwise: string,
): Promise<void> {
  if (commands.every((command) => findOnPath(command) !== undefined)) return;
  if (!canInstallPackages()) {
    const missing = commands.filter((command) => findOnPath(command) === undefined);
    throw new Error(`${missing.join(', ')} not found. ${otherwise}`);
  }
  await withLock('apt', async () => {
    if (commands.every((command) => findOnPath(command) !== undefined)) return;
    console.log(`Installing ${packages.join(', ')} with apt …`);
    await installWithRetries(packages);
  });
  const missing = commands.filter((command) => findOnPath(command) === undefined);
  if (missing.length > 0)
    throw new Error(
      `apt installed ${packages.join(', ')}, but ${missing.join(', ')} is not there. ${otherwise}`,
    );
}

async function installWithRetries(packages: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=300'];
  const install = ['install', '-y', '--no-install-recommends', ...options, ...packages];
  let failure: unknown;
  for (let attempt = 0; attempt < 3; attempt++) {
    let updateFailure: unknown;
    try {
      await runLogged('apt-get', ['update', ...options], { env, log: 'apt' });
    } catch (error) {
      // One list of somebody else may be out of reach while Debian's own are fine: the install decides.
      updateFailure = error;
    }
    try {
      await runLogged('apt-get', install, { env, log: 'apt' });
      return;
    } catch (error) {
      failure =
        updateFailure === undefined ? error : new AggregateError([updateFailure, error], String(error));
    }
  }
  throw failure;
}

function isDebianLike(): boolean {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
