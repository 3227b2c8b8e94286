import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineKind } from '../engine/engineKind.ts';
import { provideRelease } from '../provision/provideRelease.ts';
import { notRun, type SuiteResults } from './results.ts';
import { runMocha } from './runMocha.ts';
import { suiteFolder, testEngineFor, type SuiteEngine } from './testEngineFor.ts';

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
  all.push(await runExchange(join(folder, 'exchange'), chosen));
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failures: all.flatMap(({ failures }) => failures),
  };
}

/** All of them at once, each loading what the others saved, and taking what others have. One engine alone has nobody to exchange with. */
async function runExchange(folder: string, chosen: readonly string[] | undefined): Promise<SuiteResults> {
  const parties: { readonly name: string; readonly engine: SuiteEngine }[] = [];
  try {
    for (const { name, release, kind } of [{ name: 'own', release: undefined, kind: undefined }, ...others]) {
      if (chosen !== undefined && !chosen.includes(name)) continue;
      const of = release === undefined ? undefined : { ...kind, root: await provideRelease(release) };
      await mkdir(join(folder, name), { recursive: true });
      parties.push({ name, engine: await testEngineFor(join(folder, name), of) });
    }
    if (parties.length < 2) return { passed: 0, failures: [] };
    console.log(`\nexchange: ${parties.map(({ name }) => name).join(', ')}`);
    return await runMocha({
      suite: 'exchange',
      pattern: 'test/contract/*.test.ts',
      folder,
      env: { DRYDOCK_TEST_HOSTS: parties.map(({ name, engine }) => `${name}=${engine.host}`).join(',') },
      testTimeoutMs: 180_000,
      suiteTimeoutMs: 25 * 60_000,
    });
  } catch (error) {
    return notRun('exchange', error);
  } finally {
    for (const { engine } of parties) await engine.remove();
  }
}

async function runOn(name: string, folder: string, kind?: EngineKind): Promise<SuiteResults> {
  await mkdir(folder, { recursive: true });
  const engine = await testEngineFor(folder, kind);
  console.log(`\n${name}: ${engine.version}`);
  try {
    const results = await runMocha({
      suite: name,
      pattern: 'test/{docker/adapter/*Contract,contract/delta}.test.ts',
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
