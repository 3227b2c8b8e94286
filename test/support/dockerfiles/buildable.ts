/**
 * Dockerfiles of every form that the lens has to match with what builders leave. All but those with `needsBuildKit`
 * build with the classic builder from `shellImage` (test/support/shellImage.ts), without a registry.
 */
import { shellImage } from '../shellImage.ts';

export interface BuildableDockerfile {
  /** Part of the image's name. */
  readonly name: string;
  /** What is special in it. */
  readonly what: string;
  readonly text: string;
  /** `--build-arg` of the build. */
  readonly args?: readonly string[];
  /** Other options of the build. */
  readonly options?: readonly string[];
  readonly target?: string;
  /** Whether only BuildKit takes it. */
  readonly needsBuildKit?: boolean;
}

/** Files of every build context. */
export const contextFiles: Readonly<Record<string, string>> = {
  'a.txt': 'one\n',
  'b.txt': 'two\n',
  'with space.txt': 'three\n',
  'site/index.html': '<p>hello</p>\n',
  'site/style.css': 'p { margin: 0 }\n',
};

const base = `FROM ${shellImage}`;
const lines = (...text: readonly string[]): string => `${text.join('\n')}\n`;

export const buildableDockerfiles: readonly BuildableDockerfile[] = [
  { name: 'scratch', what: 'no base', text: lines('FROM scratch', 'COPY a.txt /a.txt') },
  { name: 'runs', what: 'plain RUN', text: lines(base, 'RUN touch /one', 'RUN touch /two', 'CMD ["sh"]') },
  {
    name: 'continued',
    what: 'continued lines with comments and empty lines in them',
    text: lines(
      base,
      '# what follows is one step',
      'RUN touch /one && \\',
      '    # a comment in between',
      '    touch /two \\',
      '',
      '      && touch   /three',
      'CMD sh',
    ),
  },
  {
    name: 'crlf',
    what: 'lines as Windows ends them',
    text: lines(base, 'RUN touch /one && \\', '    touch /two', 'ENV A=1', 'CMD ["sh"]').replaceAll(
      '\n',
      '\r\n',
    ),
  },
  {
    name: 'escape',
    what: 'the escape directive',
    text: lines(
      '# escape=`',
      base,
      'RUN touch /one && `',
      '    touch /two',
      'ENV A=c:\\temp',
      'COPY a.txt `',
      '  /there/',
    ),
  },
  {
    name: 'directives',
    what: 'several parser directives, and a comment that looks like one',
    text: lines('# escape=\\', '#', '# escape=`', base, 'RUN touch /one && \\', '    touch /two'),
  },
  {
    name: 'lower',
    what: 'keywords in small letters',
    text: lines(base.replace('FROM', 'from'), 'run touch /one', 'Env A=1', 'cmd ["sh"]'),
  },
  {
    name: 'indented',
    what: 'indented instructions',
    text: lines(`  ${base}`, '  RUN touch /one', '\tENV A=1', '    COPY a.txt /a'),
  },
  {
    name: 'env',
    what: 'ENV in every form, and variables out of it',
    text: lines(
      base,
      'ENV A=1 B="two words" C=three\\ more',
      'ENV LEGACY some words here',
      "ENV QUOTED='$A' D=${A}x E=${NONE:-fallback} F=${A:+given} G=\\$A",
      'WORKDIR /srv/$A',
      'COPY a.txt $C/$A.txt',
      'USER ${E}',
      'LABEL made.by="$A and ${B}"',
    ),
  },
  {
    name: 'args',
    what: 'ARG with defaults, used in RUN',
    text: lines(base, 'ARG VERSION=1', 'ARG NAME', 'RUN touch /$VERSION', 'ENV V=$VERSION', 'RUN touch /two'),
  },
  {
    name: 'buildargs',
    what: 'build arguments that replace defaults',
    text: lines(
      base,
      'ARG VERSION=1',
      'ARG NAME',
      'RUN touch /$VERSION',
      'ENV V=$VERSION N=$NAME',
      'COPY a.txt /d/$NAME/',
    ),
    args: ['VERSION=2', 'NAME=two words'],
  },
  {
    name: 'globalarg',
    what: 'a global ARG in FROM, taken over in the stage',
    text: lines(
      'ARG BASE=shell',
      'ARG TAG=1',
      'FROM drydock-test/${BASE}:${TAG:-latest}',
      'ARG TAG',
      'RUN touch /$TAG',
      'ENV T=$TAG',
    ),
  },
  {
    name: 'stages',
    what: 'a stage whose files another one copies',
    text: lines(
      `${base} AS build`,
      'RUN mkdir /out',
      'RUN touch /out/app',
      '',
      'FROM scratch',
      'COPY --from=build /out /',
      'COPY --from=0 /out/app /app2',
      'ENTRYPOINT ["/app"]',
    ),
  },
  {
    name: 'fromstage',
    what: 'a stage from an earlier one',
    text: lines(
      `${base} AS common`,
      'ENV A=1',
      'RUN touch /common',
      'FROM common AS tools',
      'RUN touch /tools',
      'FROM common',
      'RUN touch /app',
      'CMD ["sh"]',
    ),
  },
  {
    name: 'chain',
    what: 'stages from stages from stages',
    text: lines(
      `${base} AS a`,
      'RUN touch /a',
      'FROM a AS b',
      'RUN touch /b',
      'FROM b AS c',
      'RUN touch /c',
      'FROM c',
      'CMD ["sh"]',
    ),
  },
  {
    name: 'target',
    what: 'a build that ends at an earlier stage',
    text: lines(
      `${base} AS first`,
      'RUN touch /first',
      `${base} AS second`,
      'RUN touch /second',
      'CMD ["second"]',
    ),
    target: 'first',
  },
  {
    name: 'forms',
    what: 'commands in both forms',
    text: lines(
      base,
      'RUN ["touch", "/one"]',
      'RUN ["sh", "-c", "touch /two && touch \\"/th ree\\""]',
      'ENTRYPOINT exec sh',
      'CMD echo "a b" \'c\'',
    ),
  },
  {
    name: 'shell',
    what: 'another shell',
    text: lines(
      base,
      'SHELL ["/bin/sh", "-e", "-c"]',
      'RUN touch /one',
      'CMD echo hi',
      'SHELL ["/bin/sh", "-c"]',
      'RUN touch /two',
    ),
  },
  {
    name: 'copies',
    what: 'COPY and ADD in every form',
    text: lines(
      base,
      'COPY a.txt b.txt /two/',
      'COPY site /site',
      'COPY *.txt /all/',
      'COPY ["with space.txt", "/with space/"]',
      'ADD a.txt /added/',
      'COPY --chown=1000:1000 a.txt /owned/',
      'WORKDIR /here',
      'COPY . .',
    ),
  },
  {
    name: 'workdirs',
    what: 'folders relative to folders',
    text: lines(
      base,
      'WORKDIR /a',
      'WORKDIR b/../c',
      'WORKDIR ./d/',
      'RUN touch one',
      'WORKDIR /',
      'COPY a.txt ./x/',
    ),
  },
  {
    name: 'metadata',
    what: 'all that only changes the config',
    text: lines(
      base,
      'MAINTAINER A B <a@b.test>',
      'EXPOSE 80 443/tcp 53/udp',
      'EXPOSE 8000-8002',
      'VOLUME /data /logs',
      'VOLUME ["/more", "/with space"]',
      'USER 1000:1000',
      'STOPSIGNAL SIGINT',
      'LABEL one=1 two="2 two"',
      'LABEL "three"="a\\',
      'b"',
      'CMD ["sh"]',
    ),
  },
  {
    name: 'health',
    what: 'health checks',
    text: lines(base, 'HEALTHCHECK --interval=90s --timeout=3s --retries=2 CMD cat /etc/passwd || exit 1'),
  },
  {
    name: 'healthlist',
    what: 'a health check as a list',
    text: lines(base, 'HEALTHCHECK --start-period=1m CMD ["cat", "/x"]'),
  },
  { name: 'healthnone', what: 'no health check', text: lines(base, 'HEALTHCHECK NONE', 'RUN touch /one') },
  {
    name: 'onbuild',
    what: 'triggers for others',
    text: lines(base, 'ONBUILD COPY a.txt /triggered/', 'ONBUILD RUN touch /onbuild', 'RUN touch /one'),
  },
  {
    name: 'triggered',
    what: 'steps that triggers of the base make',
    text: lines('FROM drydock-lens/onbuild:1', 'RUN touch /two', 'CMD ["sh"]'),
  },
  {
    name: 'onbase',
    what: 'a base that is an image of ours',
    text: lines('FROM drydock-lens/runs:1', 'RUN touch /mine', 'CMD ["mine"]'),
  },
  {
    name: 'twice',
    what: 'the same instruction again and again',
    text: lines(
      base,
      'RUN touch /same',
      'COPY a.txt /x',
      'RUN touch /same',
      'COPY a.txt /x',
      'RUN touch /same',
    ),
  },
  {
    name: 'empties',
    what: 'steps without files',
    text: lines(base, 'RUN true', 'WORKDIR /', 'RUN touch /one', 'RUN :', 'CMD []'),
  },
  {
    name: 'labelled',
    what: 'labels given to the build',
    text: lines(base, 'RUN touch /one', 'CMD ["sh"]'),
    options: ['--label', 'given=1'],
  },
  {
    name: 'hashes',
    what: 'signs that begin a comment elsewhere',
    text: lines(
      base,
      'RUN touch /one # not a comment',
      'RUN echo "#" > /two',
      '  # a comment',
      'ENV A=#1 B=a#b',
    ),
  },
  {
    name: 'long',
    what: 'a long script',
    text: lines(
      base,
      'RUN set -e; \\',
      ...Array.from({ length: 60 }, (_, at) => `  touch /long-${at} && \\`),
      '  sh -c "echo done; exit 0"',
    ),
  },
  {
    name: 'unicode',
    what: 'letters beyond ASCII',
    text: lines(
      base,
      'RUN touch /größe-文件',
      'ENV GRUSS="schöne Grüße" 名=值',
      'LABEL emoji="🚢"',
      'CMD ["echo", "é", "文"]',
    ),
  },
  {
    name: 'operators',
    what: 'signs that look like a here-document',
    text: lines(
      base,
      'RUN test $((1 << 2)) = 4 && touch /one',
      'RUN echo "$(( 2*3 ))" > /two',
      'RUN cat < /two > /three 2>&1',
    ),
  },
  {
    name: 'escapes',
    what: 'escape signs at the ends of lines',
    text: lines(base, 'RUN echo one\\\\', 'RUN touch /one \\  ', '  && touch /two', 'ENV A=a\\', 'b'),
  },
  {
    name: 'mounts',
    what: 'RUN with mounts',
    text: lines(
      base,
      'RUN --mount=type=cache,target=/cache touch /one',
      'RUN --mount=type=bind,target=/src \\',
      '  --network=none \\',
      '  touch /two',
    ),
    needsBuildKit: true,
  },
  {
    name: 'modes',
    what: 'COPY with modes and links',
    text: lines(base, 'COPY --chmod=755 a.txt /bin/a', 'COPY --chown=1:1 --chmod=600 b.txt /b'),
    needsBuildKit: true,
  },
  {
    name: 'heredocs',
    what: 'here-documents',
    text: lines(
      base,
      'RUN <<EOF',
      'set -e',
      'touch /one',
      '# not a comment',
      '  touch /two',
      'EOF',
      'RUN cat <<A > /x && cat <<-"B" > /y',
      'first',
      'A',
      '\tsecond $HOME',
      '\tB',
      'RUN <<RUN',
      '#!/bin/sh',
      'touch /three',
      'RUN',
      'COPY <<one.conf <<two.conf /etc/site/',
      'FROM nowhere',
      'one.conf',
      'value = 2',
      'two.conf',
      'COPY --link a.txt /linked/',
      'CMD ["sh"]',
    ),
    needsBuildKit: true,
  },
];
