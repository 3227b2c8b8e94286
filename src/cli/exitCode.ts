/** What the process ends with; documented in docs/CLI.md, so that scripts can rely on it. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Some of several things failed, the others are done. */
  partly: 3,
  cancelled: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
