import type { Platform } from '../engine/records.ts';

/** The platform whose images engines on this machine run: containers are Linux wherever they run. */
export function hostPlatform(arch: string = process.arch): Pick<Platform, 'os' | 'architecture'> {
  const architecture = ({ x64: 'amd64', ia32: '386' } as Readonly<Record<string, string>>)[arch] ?? arch;
  return { os: 'linux', architecture };
}
