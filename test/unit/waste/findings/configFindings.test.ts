import assert from 'node:assert/strict';
import { configFindings } from '../../../../src/core/waste/findings/configFindings.ts';
import type { Finding } from '../../../../src/core/waste/findings/finding.ts';
import { findingTexts, findingWords } from '../../../../src/core/waste/findings/findingTemplates.ts';
import { imageFacts } from '../../../../src/core/waste/findings/imageFacts.ts';
import {
  entropyOf,
  isRandom,
  secretKindsIn,
  withoutSecrets,
} from '../../../../src/core/waste/findings/secretText.ts';
import { listedImage, type GivenStep } from '../../../support/listedImage.ts';

const base: GivenStep = { by: 'ADD rootfs.tar.xz /', entries: [['etc/os-release', 1]] };
const own: GivenStep = { by: 'COPY app /app # buildkit', entries: [['app', 1]] };

function found(
  run: Readonly<Record<string, unknown>>,
  steps: readonly GivenStep[] = [base, own],
): readonly Finding[] {
  const image = listedImage(steps, { Cmd: ['/app'], User: 'app', ...run });
  return configFindings(imageFacts(image), image.layers.length, 1);
}

const told = (findings: readonly Finding[]): readonly string[] =>
  findings.map((one) => findingWords(one).title);

describe('findings about the config of an image', () => {
  it('tell that a program runs as root, and not that a shell does', () => {
    for (const User of ['', 'root', '0', '0:0', 'root:app'])
      assert.deepEqual(told(found({ User })), ['The container runs as root'], User);
    for (const User of ['app', '1000', '1000:0', 'rooty']) assert.deepEqual(told(found({ User })), [], User);
    assert.deepEqual(told(found({ User: '', Cmd: ['bash'] })), []);
  });

  it('tell that a service has no health check', () => {
    const service = { ExposedPorts: { '80/tcp': {} } };
    assert.deepEqual(told(found(service)), ['There is no health check']);
    assert.deepEqual(told(found({ ...service, Healthcheck: { Test: ['NONE'] } })), [
      'There is no health check',
    ]);
    assert.deepEqual(told(found({ ...service, Healthcheck: { Test: ['CMD', 'curl'] } })), []);
  });

  it('are none about an image that is nothing but its base', () => {
    assert.deepEqual(told(found({ User: '', ExposedPorts: { '80/tcp': {} } }, [base])), []);
  });

  it('name variables that hold secrets, and never their values', () => {
    const env = ['PATH=/bin', 'DB_PASSWORD=hunter22', 'SMTP_URL=smtp://me:geheim1@mail', 'API_TOKEN='];
    const findings = found({ Env: env });
    assert.deepEqual(told(findings), [
      'The variable DB_PASSWORD seems to hold a secret',
      'The variable SMTP_URL seems to hold a secret',
    ]);
    assert.equal(/hunter22|geheim1/.test(JSON.stringify(findings)), false);
  });

  it('do not take public values for secrets', () => {
    const Env = [
      'GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D',
      'PYTHON_GET_PIP_SHA256=9cc01665956d22b3bf057ae8287b035827bfd895da235bcea200ab3b811790b6',
      'DB_PASSWORD_FILE=/run/secrets/db',
      'TLS_KEY=/etc/tls/key.pem',
      'SECRET=${SECRET}',
      'TOKEN=changeme',
      'JAVA_HOME=/usr/lib/jvm',
    ];
    assert.deepEqual(told(found({ Env })), []);
  });

  it('name steps with secrets in them, with the instruction masked', () => {
    const findings = found({}, [
      base,
      { by: '|1 NPM_TOKEN=s3cr3tvalue /bin/sh -c npm ci', entries: [['a', 1]] },
      { by: 'RUN curl https://me:hunter22@host.example/x # buildkit', entries: [['b', 1]] },
      { by: 'ARG DEPLOY_PASSWORD=geheim99' },
      { by: `RUN login AKIA${'ABCD'.repeat(4)} # buildkit`, entries: [['c', 1]] },
      { by: 'RUN echo fine # buildkit', entries: [['d', 1]] },
    ]);
    assert.deepEqual(
      findings.map(({ args, place }) => [args['what'], place]),
      [
        ['ARG NPM_TOKEN', 1],
        ['URL', 2],
        ['ARG DEPLOY_PASSWORD', undefined],
        ['AWS', 3],
      ],
    );
    assert.equal(/s3cr3tvalue|hunter22|geheim99|AKIA/.test(JSON.stringify(findings)), false);
    assert.equal(findings[1]?.instruction, 'RUN curl https://me:••••@host.example/x');
  });

  it('name what ADD loads from elsewhere without a checksum', () => {
    const add = (by: string): readonly string[] => told(found({}, [base, { by, entries: [['x', 1]] }]));
    assert.deepEqual(add('ADD https://example.com/tool.tar.gz /opt/ # buildkit'), [
      'ADD loads https://example.com/tool.tar.gz at each build, whatever is there then',
    ]);
    assert.deepEqual(add('ADD --chown=1 git@example.com:a/b.git /src # buildkit').length, 1);
    assert.deepEqual(add(`ADD --checksum=sha256:${'0'.repeat(64)} https://example.com/x /x # buildkit`), []);
    assert.deepEqual(add('ADD https.tar /x # buildkit'), []);
    assert.deepEqual(add('COPY https://example.com/x /x # buildkit'), []);
  });

  it('name bases and stages without a version', () => {
    const label = (name: string, digest?: string): readonly string[] =>
      told(
        found({
          Labels: {
            'org.opencontainers.image.base.name': name,
            ...(digest !== undefined && { 'org.opencontainers.image.base.digest': digest }),
          },
        }),
      );
    assert.deepEqual(label('docker.io/library/node:latest'), [
      'docker.io/library/node:latest names no version',
    ]);
    assert.deepEqual(label('localhost:5000/node'), ['localhost:5000/node names no version']);
    assert.deepEqual(label('node:20'), []);
    assert.deepEqual(label('node:latest', `sha256:${'0'.repeat(64)}`), []);
    const buildah = [base, { ...own, comment: 'FROM docker.io/library/alpine:latest' }];
    assert.deepEqual(told(found({}, buildah)), ['docker.io/library/alpine:latest names no version']);
    assert.deepEqual(told(found({}, [base, { ...own, comment: 'FROM 0123456789ab' }])), []);
    const copied = {
      by: '/bin/sh -c #(nop) COPY --from=ghcr.io/x/tool:latest /a /b',
      entries: own.entries ?? [],
    };
    assert.deepEqual(told(found({}, [base, copied])), ['ghcr.io/x/tool:latest names no version']);
  });

  it('have words with all places filled', () => {
    const findings = found({ User: '', Env: ['A_TOKEN=abcdefgh'], ExposedPorts: { '1/tcp': {} } });
    for (const finding of findings) {
      const { title, fix } = findingWords(finding);
      assert.equal(/\{\w+\}/.test(title + fix), false, title);
    }
    assert.equal(new Set(findingTexts()).size, findingTexts().length);
  });
});

describe('what looks like a secret', () => {
  it('is random: long, mixed, and no path, address or word', () => {
    assert.ok(isRandom('q8Zr2Lm5Xv0Tb7Yw3Nc9'));
    assert.ok(isRandom('9f86d081884c7d659a2feaa0c55ad015'));
    for (const text of [
      'changeme-please-now1',
      '/run/secrets/database1',
      'https://example.com/a1',
      '${DATABASE_PASSWORD1}',
      'aaaaaaaaaaaaaaaaaaaa1',
      'correct horse battery staple 1',
      'short1',
      'onlyletterswithoutdigits',
    ])
      assert.equal(isRandom(text), false, text);
    assert.deepEqual([entropyOf(''), entropyOf('aaaa'), entropyOf('abab'), entropyOf('abcd')], [0, 0, 1, 2]);
  });

  it('has the form that an issuer gives it', () => {
    for (const [kind, text] of [
      ['private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nabc'],
      ['private key', '-----BEGIN PRIVATE KEY-----'],
      ['GitLab', `token: glpat-${'a'.repeat(20)}`],
      ['Slack', 'xoxb-123456789012-abcdef'],
      ['Google', `AIza${'b'.repeat(35)}`],
      ['Stripe', `sk_live_${'c'.repeat(24)}`],
      ['password', 'api_key: "q8Zr2Lm5Xv0Tb7Yw3Nc9"'],
    ] as const)
      assert.deepEqual(secretKindsIn(text), [kind]);
    for (const text of [
      '-----BEGIN PUBLIC KEY-----',
      '-----BEGIN CERTIFICATE-----',
      'password: hunter2',
      'token = os.environ["TOKEN_VALUE_1"]',
      'sha256 = "9f86d081884c7d659a2feaa0c55ad015"',
    ])
      assert.deepEqual(secretKindsIn(text), [], text);
  });

  it('is masked wherever it stands in an instruction', () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    assert.equal(
      withoutSecrets(`RUN git clone https://${token}@github.com/a/b`),
      'RUN git clone https://••••@github.com/a/b',
    );
    assert.equal(withoutSecrets('ENV DB_PASSWORD=hunter22 A=1'), 'ENV DB_PASSWORD=•••• A=1');
    assert.equal(withoutSecrets('RUN x --token q8Zr2Lm5Xv0Tb7Yw3Nc9x'), 'RUN x --token ••••');
    assert.equal(withoutSecrets('RUN make -j4 all'), 'RUN make -j4 all');
  });
});
