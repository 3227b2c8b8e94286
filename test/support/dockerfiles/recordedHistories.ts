/**
 * Histories that builders left for the Dockerfiles of `buildable.ts`, recorded once: BuildKit of Docker 20.10 and of
 * Docker 28.5, buildah 1.28 with a layer for each step, with one layer for all (`--layers=false`) and with the base in
 * it too (`--squash`). Oldest first. A size is there where the engine told it.
 */
import { readFileSync } from 'node:fs';
import type { BuildStep } from '../../../src/core/dockerfile/buildFacts.ts';

export const recordedBuilders = [
  'buildkit-20.10',
  'buildkit-28',
  'buildah',
  'buildah-one',
  'buildah-squash',
] as const;
export type RecordedBuilder = (typeof recordedBuilders)[number];

interface RecordedStep {
  readonly createdBy: string;
  readonly comment?: string;
}

/** By the name of the Dockerfile; those that a builder refuses are not there. */
export function recordedHistories(builder: RecordedBuilder): ReadonlyMap<string, readonly BuildStep[]> {
  const file = new URL(`../../fixtures/histories/${builder}.json`, import.meta.url);
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as Readonly<
    Record<string, readonly RecordedStep[]>
  >;
  return new Map(
    Object.entries(recorded).map(([name, steps]) => [
      name,
      steps.map(({ createdBy, comment = '' }) => ({ createdBy, comment })),
    ]),
  );
}

/** What the shell image's history is: one import. */
export const shellHistory: readonly BuildStep[] = [{ createdBy: '', comment: 'Imported from -' }];
