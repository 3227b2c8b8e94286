import type { Phase, ProgressFact } from './progress.ts';

/** What can be said about an operation at one moment. */
export interface Reading {
  readonly phase: Phase;
  readonly item?: string;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  /** 0 to 100, of the phase. */
  readonly percent?: number;
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
  /** Since the phase began. */
  readonly secondsInPhase: number;
}

interface Sample {
  readonly atMs: number;
  readonly doneBytes: number;
}

/** The rate is taken over this much of the recent past, so that it follows a change of pace. */
const windowMs = 5_000;
/** Below this nothing sensible can be said about the rate. */
const leastMs = 500;

/** Makes percent, rate and time left out of the facts that a use case reports. Knows no clock of its own. */
export class ProgressMeter {
  #phase: Phase | undefined;
  #phaseStartMs = 0;
  #samples: Sample[] = [];

  read(fact: ProgressFact, nowMs: number): Reading {
    const doneBytes = fact.doneBytes;
    const last = this.#samples.at(-1);
    if (
      fact.phase !== this.#phase ||
      (last !== undefined && doneBytes !== undefined && doneBytes < last.doneBytes)
    ) {
      if (fact.phase !== this.#phase) this.#phaseStartMs = nowMs;
      this.#phase = fact.phase;
      this.#samples = [];
    }
    if (doneBytes !== undefined) this.#remember({ atMs: nowMs, doneBytes });
    const bytesPerSecond = this.#rate();
    const totalBytes = fact.totalBytes;
    const left =
      bytesPerSecond !== undefined && totalBytes !== undefined && doneBytes !== undefined
        ? Math.max(0, totalBytes - doneBytes) / bytesPerSecond
        : undefined;
    return {
      phase: fact.phase,
      secondsInPhase: (nowMs - this.#phaseStartMs) / 1000,
      ...(fact.item === undefined ? {} : { item: fact.item }),
      ...(doneBytes === undefined ? {} : { doneBytes }),
      ...(totalBytes === undefined ? {} : { totalBytes }),
      ...(totalBytes === undefined || totalBytes === 0 || doneBytes === undefined
        ? {}
        : { percent: Math.min(100, (100 * doneBytes) / totalBytes) }),
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
      ...(left === undefined ? {} : { secondsLeft: left }),
    };
  }

  #remember(sample: Sample): void {
    this.#samples.push(sample);
    while (this.#samples.length > 2 && sample.atMs - (this.#samples[1]?.atMs ?? 0) >= windowMs)
      this.#samples.shift();
  }

  #rate(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return undefined;
    const bytes = last.doneBytes - first.doneBytes;
    return bytes > 0 ? (bytes * 1000) / (last.atMs - first.atMs) : undefined;
  }
}

/** Passes at most one fact of a phase in `everyMs`, and every change of phase at once. */
export function throttled(
  report: (fact: ProgressFact) => void,
  everyMs: number,
  now: () => number,
): (fact: ProgressFact) => void {
  let phase: Phase | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  return (fact) => {
    const nowMs = now();
    if (fact.phase === phase && nowMs - lastMs < everyMs) return;
    phase = fact.phase;
    lastMs = nowMs;
    report(fact);
  };
}
