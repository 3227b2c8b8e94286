/**
 * The exit code in an engine's sentence about a container, `Exited (137) 2 hours ago`. Lists tell it nowhere else.
 * Undefined where there is none.
 */
export function exitCode(status: string): number | undefined {
  const found = /^Exited \((-?\d{1,10})\)/.exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
}
