/** Whether the Node version `one` comes before `other`; both as `22.15.0`. Runs on any Node, however old. */
export function isOlder(one: string, other: string): boolean {
  const [major, minor] = numbers(one);
  const [leastMajor, leastMinor] = numbers(other);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

function numbers(version: string): readonly [number, number] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [major, minor];
}
