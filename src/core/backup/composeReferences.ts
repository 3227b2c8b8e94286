const maxReferences = 200;

/** A file that a Compose file refers to. */
export interface ComposeReference {
  /** As it stands there: mostly relative to the project's folder, and with variables where it has such. */
  readonly path: string;
  /** Whether it is one of variables, as the `.env` of the project is. */
  readonly isEnvironment: boolean;
}

/**
 * The files that a Compose file (https://github.com/compose-spec) refers to with `env_file`, `include`, and the `file`
 * of `secrets`, `configs` and `extends`. Found by its lines and not by its meaning: YAML in blocks, and lists in
 * brackets on one line.
 */
export function referencesIn(composeFile: string): readonly ComposeReference[] {
  const found = new Map<string, ComposeReference>();
  let list: { readonly indent: number; readonly isEnvironment: boolean } | undefined;
  const add = (value: string, isEnvironment = false): void => {
    for (const path of valuesIn(value))
      if (found.size < maxReferences && !found.has(path)) found.set(path, { path, isEnvironment });
  };
  for (const line of composeFile.split(/\r?\n/)) {
    const text = line.replace(/(^|\s)#.*$/, '').trimEnd();
    const indent = text.search(/\S/);
    if (indent < 0) continue;
    const isItem = text[indent] === '-';
    // The items of a list may stand as far left as its key.
    if (list !== undefined && (indent < list.indent || (indent === list.indent && !isItem))) list = undefined;
    const [, key, value = ''] = /^\s*(?:-\s+)?["']?([\w.-]+)["']?\s*:(?:\s+(.*))?$/.exec(text) ?? [];
    if (key === 'env_file' || key === 'include') {
      list = { indent, isEnvironment: key === 'env_file' };
      add(value, list.isEnvironment);
    } else if (key === 'file') add(value);
    else if (list !== undefined && (key === 'path' || (key === undefined && isItem)))
      add(key === undefined ? text.slice(indent + 1) : value, list.isEnvironment);
  }
  return [...found.values()];
}

/** The texts of a value: one, or a list in brackets. */
function valuesIn(value: string): readonly string[] {
  const text = value.trim();
  const all = /^\[.*\]$/.test(text) ? text.slice(1, -1).split(',') : [text];
  return all
    .map((one) => one.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .filter((one) => one !== '' && !/^[[{&*|>!]/.test(one));
}
