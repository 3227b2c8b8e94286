/** The command of a RUN, as builders note it: build arguments, the call of a shell, the script. */

/** `/bin/sh -c `, `/bin/bash -o pipefail -c `: a shell, its options, the last of them the one that takes a script. */
const unixShell =
  /^(?:\/[\w./-]*\/)?(?:sh|bash|ash|dash|zsh|ksh|fish)(?: -[A-Za-z]*o \w+| -[\w-]+)*? -[A-Za-z]*c(?:\s+|$)/;
/** `cmd /S /C `, `powershell -NoLogo -Command `. */
const windowsShell =
  /^(?:[A-Za-z]:\\[\w\\.]+\\)?(?:cmd(?:\.exe)?(?: \/[SsQq])* \/[Cc]|(?:powershell|pwsh)(?:\.exe)?(?: -(?!Command)\w+(?: (?!-)\w+)?)* -Command)(?:\s+|$)/;

/** How much of a text is looked at to find the call of a shell at its beginning. */
const longestShellCall = 512;

/** The script that is given to a shell, or undefined where `text` does not begin with the call of one. */
export function afterShell(text: string): string | undefined {
  const start = text.slice(0, longestShellCall);
  const call = unixShell.exec(start) ?? windowsShell.exec(start);
  return call === null ? undefined : text.slice(call[0].length);
}

export interface CommandWithArgs {
  readonly buildArgs: readonly string[];
  readonly rest: string;
}

/**
 * Takes `|2 A=1 B=2 ` off the front of a command.
 *
 * Nothing marks where a value ends, and values may hold blanks. So:
 * 1. The command starts at the first call of a shell behind as many `NAME=` as were announced.
 * 2. Without a shell it starts after the word of the last one announced.
 * 3. buildah announces words, not values: of fewer `NAME=` than announced the command starts at the first call of a
 *    shell behind one of them.
 * 4. A text that has neither is no such note, and stays whole.
 */
export function splitBuildArgs(text: string): CommandWithArgs {
  const whole: CommandWithArgs = { buildArgs: [], rest: text };
  const bar = /^\|(\d{1,4}) /.exec(text);
  if (bar === null) return whole;
  const announced = Number(bar[1]);
  const starts: number[] = [];
  let afterLastWord: number | undefined;
  let firstShell: { readonly at: number; readonly known: number } | undefined;
  for (let at = bar[0].length; at < text.length;) {
    if (starts.length > 0 || announced === 0) {
      const isShell = afterShell(text.slice(at, at + longestShellCall)) !== undefined;
      if (isShell && starts.length >= announced) return cut(text, starts, announced, at);
      if (isShell) firstShell ??= { at, known: starts.length };
    }
    if (/^[A-Za-z_][\w.-]*=/.test(text.slice(at, at + 256))) starts.push(at);
    const blank = text.indexOf(' ', at);
    at = blank === -1 ? text.length : blank + 1;
    if (starts.length === announced) afterLastWord ??= at;
  }
  if (announced === 0) return { buildArgs: [], rest: text.slice(bar[0].length) };
  if (afterLastWord !== undefined) return cut(text, starts, announced, afterLastWord);
  return firstShell === undefined ? whole : cut(text, starts, firstShell.known, firstShell.at);
}

function cut(text: string, starts: readonly number[], announced: number, end: number): CommandWithArgs {
  const begins = starts.slice(0, announced);
  const buildArgs = begins.map((begin, index) => text.slice(begin, begins[index + 1] ?? end).trim());
  return { buildArgs, rest: text.slice(end) };
}

/**
 * A RUN with `command`. The parser of a Dockerfile joins continued lines, so a command that still has several was a
 * here-document, and is written as one.
 */
export function runText(command: string): string {
  const script = command.replace(/^[ \t]+/, '').trimEnd();
  if (script === '') return 'RUN';
  if (!script.includes('\n') || isContinued(script) || hasHereDocument(script)) return `RUN ${script}`;
  const lines = new Set(script.split('\n'));
  let mark = 'EOF';
  for (let number = 2; lines.has(mark); number += 1) mark = `EOF${number}`;
  return `RUN <<${mark}\n${script.replace(/^\n+/, '')}\n${mark}`;
}

function isContinued(script: string): boolean {
  return script
    .split('\n')
    .slice(0, -1)
    .every((line) => line.trimEnd().endsWith('\\'));
}

/** Whether the first line opens a here-document that a later line closes. */
function hasHereDocument(script: string): boolean {
  const [first = '', ...others] = script.split('\n');
  const mark = /<<-?\s*(["']?)([\w.-]+)\1/.exec(first)?.[2];
  return mark !== undefined && others.some((line) => line.trim() === mark);
}
