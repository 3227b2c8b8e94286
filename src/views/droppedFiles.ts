/** Endings of files that may be image archives; the same that the Explorer's menu is offered for. */
const archiveEnding = /\.(?:tar|tgz|tar\.(?:gz|zst|xz|bz2))$/i;

/** The URIs in a `text/uri-list` (RFC 2483): one to a line, `#` begins a comment. */
export function urisInList(list: string): readonly string[] {
  return list
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

export function isArchiveName(path: string): boolean {
  return archiveEnding.test(path);
}
