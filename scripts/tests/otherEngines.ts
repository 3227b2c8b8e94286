import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineKind } from '../engine/engineKind.ts';
import { provideRelease } from '../provision/provideRelease.ts';
import { notRun, type SuiteResults } from './results.ts';
import { runMocha } from './runMocha.ts';
import { suiteFolder, testEngineFor } from './testEngineFor.ts';

interface OtherEngine {
  readonly name: string;
  readonly release: string;
  readonly kind: EngineKind;
}

/** What Debian's newer releases carry. The names go into the list of failures. */
const others: readonly OtherEngine[] = ['trixie', 'forky'].flatMap((release) => [
  { name: `docker-${release}`, release, kind: { product: 'docker', store: 'classic' } },
  { name: `docker-${release}-containerd`, release, kind: { product: 'docker', store: 'containerd' } },
  { name: `podman-${release}`, release, kind: { product: 'podman', store: 'classic' } },
]);

/**
 * The contract suite against each other engine in turn, and against the machine's own first. DRYDOCK_TEST_ENGINES
 * chooses some by name ("docker-trixie,podman-trixie").
 */
export async function runOtherEngines(): Promise<SuiteResults> {
  const chosen = process.env['DRYDOCK_TEST_ENGINES']?.split(',');
  const folder = await suiteFolder('engines');
  const all: SuiteResults[] = [];
  if (chosen === undefined || chosen.includes('own')) all.push(await runOn('own', join(folder, 'own')));
  for (const { name, release, kind } of others) {
    if (chosen !== undefined && !chosen.includes(name)) continue;
    try {
      const root = await provideRelease(release);
      all.push(await runOn(name, join(folder, name), { ...kind, root }));
    } catch (error) {
      all.push(notRun(name, error));
    }
  }
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failures: all.flatMap(({ failures }) => failures),
  };
}

async function runOn(name: string, folder: string, kind?: EngineKind): Promise<SuiteResults> {
  await mkdir(folder, { recursive: true });
  const engine = await testEngineFor(folder, kind);
  console.log(`\n${name}: ${engine.version}`);
  try {
    const results = await runMocha({
      suite: name,
      pattern: 'test/docker/adapter/*Contract.test.ts',
      folder,
      env: { ...engine.env, DRYDOCK_TEST_ENGINE_NAME: name },
      testTimeoutMs: 60_000,
      suiteTimeoutMs: 10 * 60_000,
    });
    return {
      ...results,
      failures: results.failures.map((failure) => ({ ...failure, title: `${name}: ${failure.title}` })),
    };
  } finally {
    await engine.remove();
  }
}
