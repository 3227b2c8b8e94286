/** Time as the code that waits is given it, so that tests move it by hand. */
export interface Timers {
  /** Milliseconds that never go back. */
  nowMs(): number;
  /** Runs `task` once, `ms` from now. The function returned takes it back. */
  after(ms: number, task: () => void): () => void;
}

/** The clock of the process. Its timers keep no process alive. */
export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
