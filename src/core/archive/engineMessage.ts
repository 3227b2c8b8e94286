/**
 * The sentence of an engine's error when `bytes` end with one.
 *
 * When a save fails after its first byte, the engine can no longer change the HTTP status: it appends
 * `{"errorDetail":{"message":…},"error":…}` (or `{"message":…}`) to the tar and ends the body cleanly.
 */
export function engineMessageIn(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').trimEnd();
  if (!text.endsWith('}')) return undefined;
  for (const start of [text.lastIndexOf('{"errorDetail"'), text.lastIndexOf('{"message"')]) {
    if (start < 0) continue;
    const message = messageOf(text.slice(start));
    if (message !== undefined) return message;
  }
  return undefined;
}

function messageOf(json: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Text that only looks like the engine's error: the caller words the failure without it.
    return undefined;
  }
  for (const path of [['errorDetail', 'message'], ['error'], ['message']]) {
    const found = path.reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      value,
    );
    if (typeof found === 'string') return `the engine’s error "${found.trim().slice(0, 300)}"`;
  }
  return undefined;
}
