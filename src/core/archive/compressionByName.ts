/** How a file is to be packed by the ending that a person gave it. */
export function compressionByName(path: string): 'none' | 'gzip' | 'zstd' {
  if (/\.(?:gz|tgz)$/i.test(path)) return 'gzip';
  return /\.(?:zst|tzst)$/i.test(path) ? 'zstd' : 'none';
}
