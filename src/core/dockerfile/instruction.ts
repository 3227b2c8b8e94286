/**
 * Reads the text that builders leave in an image's history back into Dockerfile form.
 *
 * No builder leaves the line of the Dockerfile itself. The classic builder leaves the shell call
 * (`/bin/sh -c apt-get …`) or a comment to the shell (`/bin/sh -c #(nop)  CMD ["sh"]`), BuildKit a line with a mark at
 * its end (`RUN /bin/sh -c apt-get … # buildkit`), buildah the classic form with marks of its own behind a bar, a
 * commit the command of the container, and tools that need no Dockerfile whatever they like.
 */
import { goList, healthcheckOf, jsonList, mapKeys, wordList } from './goSyntax.ts';
import { afterShell, runText, splitBuildArgs } from './runCommand.ts';

const metadataKeywords = [
  'ARG',
  'CMD',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
] as const;
const fileKeywords = ['ADD', 'COPY', 'RUN', 'WORKDIR'] as const;

export type Keyword = (typeof metadataKeywords)[number] | (typeof fileKeywords)[number];

/** One step of an image's making. */
export interface Instruction {
  /** Empty when no Dockerfile made the step, or when it does not say by which instruction. */
  readonly keyword: Keyword | '';
  /** The whole instruction in Dockerfile form with its keyword; what the tool left where `keyword` is empty. */
  readonly text: string;
  /** `NAME=value` of the build arguments that a RUN could see, in the order given. */
  readonly buildArgs: readonly string[];
  /** Whether the instruction changes nothing but the config, so that no builder makes a layer of files for it. */
  readonly isMetadataOnly: boolean;
}

const metadata: ReadonlySet<string> = new Set(metadataKeywords);
const keywords: ReadonlySet<string> = new Set([...metadataKeywords, ...fileKeywords]);

function isKeyword(text: string): text is Keyword {
  return keywords.has(text);
}

/**
 * Reads one history entry. Never throws; what it does not know it keeps as it is.
 *
 * 1. `comment` speaks only where `createdBy` is empty, as after an import.
 * 2. `#(nop)` after a shell: the rest is an instruction of the classic builder or of buildah.
 * 3. A text that starts with a keyword in capitals: BuildKit or kaniko.
 * 4. A shell call, with or without build arguments before it: a RUN of the classic builder or of buildah.
 * 5. Anything else has no keyword.
 */
export function instructionOf(createdBy: string, comment: string): Instruction {
  const source = createdBy.trim();
  if (source === '') return withoutKeyword(comment.trim());

  const { buildArgs, rest } = splitBuildArgs(source);
  const command = afterShell(rest);
  if (command?.startsWith('#(nop)') === true) {
    const noted = withoutBuildahMarks(command.slice('#(nop)'.length)).trim();
    return withKeyword(noted) ?? withoutKeyword(noted);
  }
  if (command !== undefined || buildArgs.length > 0) return run(command ?? rest, buildArgs);

  const marked = source.endsWith(buildKitMark) ? source.slice(0, -buildKitMark.length).trimEnd() : source;
  return (/^[A-Z]/.test(marked) ? withKeyword(marked) : undefined) ?? withoutKeyword(source);
}

const buildKitMark = '# buildkit';

const buildahMark = /^\|(?:inheritLabels|inheritAnnotations|unsetLabel|unsetAnnotation|force-mtime)=\S*$/;

/** buildah adds marks at the end to tell apart steps that flags of the build made different. */
function withoutBuildahMarks(noted: string): string {
  let text = noted.trimEnd();
  for (;;) {
    const bar = text.lastIndexOf('|');
    if (bar === -1 || !buildahMark.test(text.slice(bar))) return text;
    text = text.slice(0, bar).trimEnd();
  }
}

function withoutKeyword(text: string): Instruction {
  return { keyword: '', text, buildArgs: [], isMetadataOnly: false };
}

function run(command: string, buildArgs: readonly string[]): Instruction {
  return { keyword: 'RUN', text: runText(command), buildArgs, isMetadataOnly: false };
}

function withKeyword(text: string): Instruction | undefined {
  // Engines before 1.10 left the format they meant to fill: `%s %s in %s  ADD file:… in /`.
  const line = text.replace(/^%s %s in %s\s+/, '');
  const word = /^[A-Za-z]+(?=\s|$)/.exec(line)?.[0];
  const keyword = word?.toUpperCase();
  if (word === undefined || keyword === undefined || !isKeyword(keyword)) return undefined;
  const written = line.slice(word.length).trim();
  if (keyword === 'RUN') {
    const { buildArgs, rest } = splitBuildArgs(written);
    return run(afterShell(rest) ?? rest, buildArgs);
  }
  const operands = operandsOf(keyword, written);
  return {
    keyword,
    text: operands === '' ? keyword : `${keyword} ${operands}`,
    buildArgs: [],
    isMetadataOnly: metadata.has(keyword),
  };
}

/** `file:<hash> in /there`, as the classic builder and buildah note what they copied. */
const copied = /^((?:--[\w-]+=\S+\s+)*(?:[a-z][\w.+]*:)?[0-9a-f]{16,})\s+in\s+(.*)$/s;

function operandsOf(keyword: Keyword, written: string): string {
  switch (keyword) {
    case 'ADD':
    case 'COPY':
      // Docker 20.10 leaves no blank behind the owner.
      return written
        .replace(/^(--chown=\S+?)((?:file|dir|multi):[0-9a-f]{16,} in )/, '$1 $2')
        .replace(copied, '$1 $2');
    case 'CMD':
    case 'ENTRYPOINT': {
      const list = goList(written);
      return list === undefined ? written : jsonList(list);
    }
    case 'SHELL':
    case 'VOLUME': {
      const list = goList(written) ?? wordList(written);
      return list === undefined ? written : jsonList(list);
    }
    case 'EXPOSE':
      return (mapKeys(written) ?? wordList(written))?.join(' ') ?? written;
    case 'USER':
    case 'STOPSIGNAL':
      return wordList(written)?.join(' ') ?? written;
    case 'HEALTHCHECK':
      return healthcheckOf(written) ?? written;
    default:
      return written;
  }
}
