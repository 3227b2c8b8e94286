import type { Phase, ProgressFact, ProgressPort } from '../core/progress.ts';
import { ProgressMeter, type Reading } from '../core/progressMeter.ts';
import { formatBytes, formatDuration } from '../core/quantity.ts';
import { printable } from './printable.ts';
import { cut } from './table.ts';

const redrawMs = 100;
/** An engine that prepares reports nothing for long; the seconds go on counting. */
const tickMs = 1_000;
const eraseLine = '\r\u001b[K';

export interface ProgressScreen {
  write(text: string): void;
  columns(): number;
  readonly now: () => number;
}

/** One line on a terminal that is written over and over, and gone at the end. */
export class ProgressLine implements ProgressPort {
  readonly #screen: ProgressScreen;
  readonly #meter = new ProgressMeter();
  #fact: ProgressFact | undefined;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: ProgressScreen) {
    this.#screen = screen;
  }

  report(fact: ProgressFact): void {
    const isNewPhase = fact.phase !== this.#fact?.phase;
    this.#fact = fact;
    this.#timer ??= setInterval(() => {
      this.#draw();
    }, tickMs);
    if (isNewPhase || this.#screen.now() - this.#drawnMs >= redrawMs) this.#draw();
  }

  /** Wipes the line and stops. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#fact !== undefined) this.#screen.write(eraseLine);
    this.#fact = undefined;
  }

  #draw(): void {
    if (this.#fact === undefined) return;
    this.#drawnMs = this.#screen.now();
    const words = progressWords(this.#meter.read(this.#fact, this.#drawnMs));
    this.#screen.write(eraseLine + cut(printable(words), this.#screen.columns() - 1));
  }
}

/** `Reading app:1 · 1.20 GB of 3.00 GB · 40% · 120 MB/s · 0:15 left` */
export function progressWords(reading: Reading): string {
  const { item, doneBytes, totalBytes, percent, bytesPerSecond, secondsLeft } = reading;
  const parts = [item === undefined ? phaseWords[reading.phase] : `${phaseWords[reading.phase]} ${item}`];
  const isWithinTotal = totalBytes !== undefined && doneBytes !== undefined && doneBytes <= totalBytes;
  if (doneBytes === undefined) {
    if (reading.secondsInPhase >= 1) parts.push(formatDuration(reading.secondsInPhase));
  } else if (isWithinTotal) {
    parts.push(`${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`);
    if (percent !== undefined) parts.push(`${Math.floor(percent)}%`);
  } else {
    parts.push(formatBytes(doneBytes));
  }
  if (bytesPerSecond !== undefined) parts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (secondsLeft !== undefined && isWithinTotal) parts.push(`${formatDuration(secondsLeft)} left`);
  return parts.join(' · ');
}

const phaseWords: Readonly<Record<Phase, string>> = {
  preparing: 'The engine is preparing',
  reading: 'Reading',
  writing: 'Writing',
  checking: 'Checking',
  sending: 'Sending',
  stopping: 'Stopping',
  finishing: 'The engine is working on',
};
