import assert from 'node:assert/strict';
import { instructionOf } from '../../../src/core/dockerfile/instruction.ts';

interface Row {
  readonly from: string;
  readonly comment?: string;
  readonly text: string;
  readonly keyword?: string;
  readonly buildArgs?: readonly string[];
  readonly isMetadataOnly?: boolean;
}

const hash = '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

function tells(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    for (const row of rows) {
      it(`reads ${JSON.stringify(row.from).slice(0, 90)} as ${JSON.stringify(row.text).slice(0, 90)}`, () => {
        const found = instructionOf(row.from, row.comment ?? '');
        assert.equal(found.text, row.text);
        if (row.keyword !== undefined) assert.equal(found.keyword, row.keyword);
        assert.deepEqual(found.buildArgs, row.buildArgs ?? []);
        if (row.isMetadataOnly !== undefined) assert.equal(found.isMetadataOnly, row.isMetadataOnly);
      });
    }
  });
}

tells('instructionOf, classic builder', [
  {
    from: '/bin/sh -c #(nop)  CMD ["nginx" "-g" "daemon off;"]',
    text: 'CMD ["nginx", "-g", "daemon off;"]',
    keyword: 'CMD',
    isMetadataOnly: true,
  },
  { from: '/bin/sh -c #(nop)  CMD []', text: 'CMD []', keyword: 'CMD' },
  {
    from: `/bin/sh -c #(nop) ADD file:${hash} in / `,
    text: `ADD file:${hash} /`,
    keyword: 'ADD',
    isMetadataOnly: false,
  },
  {
    from: `/bin/sh -c #(nop) COPY --chown=1000:1000 multi:${hash} in /srv/my app/ `,
    text: `COPY --chown=1000:1000 multi:${hash} /srv/my app/`,
    keyword: 'COPY',
  },
  { from: `/bin/sh -c #(nop) %s %s in %s  ADD file:${hash} in /`, text: `ADD file:${hash} /` },
  {
    from: '/bin/sh -c apt-get update   && apt-get install -y curl',
    text: 'RUN apt-get update   && apt-get install -y curl',
    keyword: 'RUN',
    isMetadataOnly: false,
  },
  {
    from: '/bin/bash -o pipefail -c curl -s x | tar x',
    text: 'RUN curl -s x | tar x',
    keyword: 'RUN',
  },
  { from: '/bin/bash -euo pipefail -xc make', text: 'RUN make', keyword: 'RUN' },
  { from: '/bin/bash --login -c rvm use 3', text: 'RUN rvm use 3', keyword: 'RUN' },
  { from: 'cmd /S /C dir C:\\', text: 'RUN dir C:\\', keyword: 'RUN' },
  {
    from: 'powershell -NoLogo -ExecutionPolicy Bypass -Command Get-Item x',
    text: 'RUN Get-Item x',
    keyword: 'RUN',
  },
  {
    from: '/bin/bash -o pipefail -c #(nop)  ENV A=hello world',
    text: 'ENV A=hello world',
    keyword: 'ENV',
    isMetadataOnly: true,
  },
  {
    from: '|2 A=1 B=two words /bin/sh -c apt-get update',
    text: 'RUN apt-get update',
    buildArgs: ['A=1', 'B=two words'],
    keyword: 'RUN',
  },
  { from: '|0 /bin/sh -c true', text: 'RUN true' },
  { from: '|1 A=1 /app/setup --now', text: 'RUN /app/setup --now', buildArgs: ['A=1'] },
  { from: '|3 A=1 is not such a note', text: '|3 A=1 is not such a note', keyword: '' },
  { from: '/bin/sh -c #(nop)  EXPOSE map[443/tcp:{} 80/tcp:{}]', text: 'EXPOSE 443/tcp 80/tcp' },
  { from: '/bin/sh -c #(nop)  EXPOSE 80', text: 'EXPOSE 80', isMetadataOnly: true },
  { from: '/bin/sh -c #(nop)  VOLUME [/data /logs]', text: 'VOLUME ["/data", "/logs"]' },
  {
    from: '/bin/sh -c #(nop)  SHELL [/bin/bash -o pipefail -c]',
    text: 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
  },
  { from: '/bin/sh -c #(nop)  USER [nginx]', text: 'USER nginx' },
  { from: '/bin/sh -c #(nop) WORKDIR /srv', text: 'WORKDIR /srv', isMetadataOnly: false },
  { from: '/bin/sh -c #(nop)  MAINTAINER A B <a@b>', text: 'MAINTAINER A B <a@b>', isMetadataOnly: true },
  {
    from: '/bin/sh -c #(nop)  HEALTHCHECK &{["CMD-SHELL" "curl -f http://localhost/ || exit 1"] "30s" "3s" "0s" \'\\x03\'}',
    text: 'HEALTHCHECK --interval=30s --timeout=3s --retries=3 CMD curl -f http://localhost/ || exit 1',
    isMetadataOnly: true,
  },
  {
    from: '/bin/sh -c #(nop)  HEALTHCHECK &{["NONE"] "0s" "0s" "0s" \'\\x00\'}',
    text: 'HEALTHCHECK NONE',
  },
]);

tells('instructionOf, BuildKit', [
  {
    from: 'RUN /bin/sh -c apk add curl # buildkit',
    comment: 'buildkit.dockerfile.v0',
    text: 'RUN apk add curl',
    keyword: 'RUN',
  },
  {
    from: 'RUN |2 V=3 W= /bin/sh -c make V=$V # buildkit',
    text: 'RUN make V=$V',
    buildArgs: ['V=3', 'W='],
  },
  { from: 'RUN /usr/bin/tool --init # buildkit', text: 'RUN /usr/bin/tool --init', keyword: 'RUN' },
  { from: 'RUN /bin/sh -c echo "a # b" # c # buildkit', text: 'RUN echo "a # b" # c' },
  { from: 'COPY src dst/ # buildkit', text: 'COPY src dst/', keyword: 'COPY', isMetadataOnly: false },
  { from: 'COPY <<site.conf /etc/site.conf # buildkit', text: 'COPY <<site.conf /etc/site.conf' },
  { from: 'ADD https://example.test/a.tar / # buildkit', text: 'ADD https://example.test/a.tar /' },
  { from: 'WORKDIR /app', text: 'WORKDIR /app', keyword: 'WORKDIR', isMetadataOnly: false },
  { from: 'ENV PATH=/a:/b', text: 'ENV PATH=/a:/b', isMetadataOnly: true },
  { from: 'ENTRYPOINT ["/docker-entrypoint.sh"]', text: 'ENTRYPOINT ["/docker-entrypoint.sh"]' },
  { from: 'EXPOSE map[80/tcp:{}]', text: 'EXPOSE 80/tcp', isMetadataOnly: true },
  { from: 'CMD ["a\\x00b" "é \\"q\\""]', text: 'CMD ["a\\u0000b", "é \\"q\\""]' },
  {
    from: 'HEALTHCHECK &{["CMD" "/bin/ok" "-v"] "5s" "0s" "10s" "1s" \'\\n\'}',
    text: 'HEALTHCHECK --interval=5s --start-period=10s --start-interval=1s --retries=10 CMD ["/bin/ok", "-v"]',
  },
  {
    from: 'RUN /bin/sh -c set -e\napt-get update\n # buildkit',
    text: 'RUN <<EOF\nset -e\napt-get update\nEOF',
    keyword: 'RUN',
  },
  {
    from: 'RUN /bin/sh -c cat <<EOF > /x\nhello\nEOF\n # buildkit',
    text: 'RUN cat <<EOF > /x\nhello\nEOF',
  },
  {
    from: 'RUN /bin/sh -c one\nEOF\ntwo # buildkit',
    text: 'RUN <<EOF2\none\nEOF\ntwo\nEOF2',
  },
]);

tells('instructionOf, buildah and Podman', [
  {
    from: '/bin/sh -c #(nop) CMD ["sh"]',
    comment: 'FROM docker.io/library/alpine:3.20',
    text: 'CMD ["sh"]',
    keyword: 'CMD',
  },
  { from: '/bin/sh -c #(nop) cmd echo hi', text: 'CMD echo hi', keyword: 'CMD', isMetadataOnly: true },
  {
    from: `/bin/sh -c #(nop) COPY file:${hash} in /a.txt |inheritLabels=false`,
    text: `COPY file:${hash} /a.txt`,
  },
  { from: `/bin/sh -c #(nop) COPY dir:${hash}`, text: `COPY dir:${hash}`, keyword: 'COPY' },
  { from: '/bin/sh -c #(nop) ARG V=1', text: 'ARG V=1', isMetadataOnly: true },
  {
    from: '|1 V=1 /bin/sh -c --mount=type=cache,target=/c make',
    text: 'RUN --mount=type=cache,target=/c make',
    buildArgs: ['V=1'],
  },
  { from: '/bin/sh', text: '/bin/sh', keyword: '' },
]);

tells('instructionOf, steps that no Dockerfile made', [
  { from: '', comment: 'Imported from -', text: 'Imported from -', keyword: '', isMetadataOnly: false },
  { from: '', comment: '', text: '', keyword: '', isMetadataOnly: false },
  { from: '', comment: 'merge sha256:aa to sha256:bb', text: 'merge sha256:aa to sha256:bb', keyword: '' },
  { from: 'nginx -g daemon off;', text: 'nginx -g daemon off;', keyword: '' },
  { from: 'sh', text: 'sh', keyword: '' },
  { from: 'user add', text: 'user add', keyword: '', isMetadataOnly: false },
  { from: 'ENVIRONMENT x', text: 'ENVIRONMENT x', keyword: '' },
  { from: 'RUN apt-get update', text: 'RUN apt-get update', keyword: 'RUN' },
  {
    from: 'ko build ko://example.test/cmd',
    comment: 'go build output',
    text: 'ko build ko://example.test/cmd',
    keyword: '',
  },
  { from: 'jib-maven-plugin:3.4.0', comment: 'classes', text: 'jib-maven-plugin:3.4.0', keyword: '' },
  { from: 'bazel build //image', text: 'bazel build //image', keyword: '' },
  { from: '', comment: "store paths: ['/nix/store/x']", text: "store paths: ['/nix/store/x']", keyword: '' },
  {
    from: "# debian.sh --arch 'amd64' out/ 'bookworm' '@1700000000'",
    comment: 'debuerreotype 0.15',
    text: "# debian.sh --arch 'amd64' out/ 'bookworm' '@1700000000'",
    keyword: '',
  },
]);

describe('instructionOf, hostile texts', () => {
  const texts = {
    'options without end': `sh ${'--a '.repeat(60_000)}`,
    'a path without end': `/${'a/'.repeat(120_000)}`,
    'build arguments without a shell': `|3 ${'A=1 '.repeat(60_000)}`,
    'a list without end': `CMD [${'"\\'.repeat(60_000)}`,
    'blanks without end': `RUN ${' '.repeat(240_000)}x`,
    'a health check without end': `HEALTHCHECK &{[${' "0s"'.repeat(60_000)}`,
    'marks without end': `/bin/sh -c #(nop) COPY ${'|unsetLabel=a'.repeat(20_000)} x`,
    'a copy without end': `/bin/sh -c #(nop) COPY ${'--a=b '.repeat(40_000)}`,
    'a wrong rune': `/bin/sh -c #(nop) HEALTHCHECK &{["CMD" "x"] "1s" "1s" "1s" '\\Uffffffff'}`,
    'lines without end': `RUN /bin/sh -c ${'x\n'.repeat(120_000)}`,
  };
  for (const [what, text] of Object.entries(texts)) {
    it(`come through whole and do not hang: ${what}`, () => {
      const found = instructionOf(text, '');
      assert.equal(typeof found.text, 'string');
      assert.equal(
        found.buildArgs.every((arg) => arg.includes('=')),
        true,
      );
    });
  }
});
