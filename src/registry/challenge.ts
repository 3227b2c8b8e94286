/** What a registry wants to be told before it answers. Source: RFC 9110, 11.6.1; distribution's auth/token.md. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const maxHeaderLength = 16_384;
const parameter = /[\s,]*([!#$%&'*+.^`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const schemeName = /[\s,]*([A-Za-z][\w-]*)(?=\s|,|$)/y;

/** The challenges of a `WWW-Authenticate` header, in their order. What can't be read ends the list. */
export function parseChallenges(header: string | undefined): readonly Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  const text = (header ?? '').slice(0, maxHeaderLength);
  for (let at = 0; at < text.length;) {
    parameter.lastIndex = at;
    const current = found.at(-1);
    const pair = current === undefined ? null : parameter.exec(text);
    if (pair !== null && current !== undefined) {
      const [, name = '', quoted, bare = ''] = pair;
      current.parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? bare;
      at = parameter.lastIndex;
      continue;
    }
    schemeName.lastIndex = at;
    const word = schemeName.exec(text)?.[1];
    if (word === undefined) break;
    found.push({ scheme: word.toLowerCase(), parameters: {} });
    at = schemeName.lastIndex;
  }
  return found;
}
