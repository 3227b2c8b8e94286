import assert from 'node:assert/strict';
import { maskedText } from '../../../src/core/diff/maskedText.ts';
import { configFindings } from '../../../src/core/waste/findings/configFindings.ts';
import { imageFacts } from '../../../src/core/waste/findings/imageFacts.ts';
import { secretKindsIn, withoutSecrets } from '../../../src/core/waste/findings/secretText.ts';
import { listedImage } from '../../support/listedImage.ts';

describe('an instruction with its secrets masked', () => {
  const mask = '••••';
  const token = `ghp_${'a1B2'.repeat(9)}`;
  const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\n-----END RSA PRIVATE KEY-----';
  const masked: readonly (readonly [string, string])[] = [
    ['RUN x --password=hunter2 -v', `RUN x --password=${mask} -v`],
    ['RUN x --db-password hunter2 -v', `RUN x --db-password ${mask} -v`],
    ['CMD ["x", "--token", "abc", "-v"]', `CMD ["x", "--token", "${mask}", "-v"]`],
    ['CMD ["x","--token=abc"]', `CMD ["x","--token=${mask}"]`],
    ['RUN x --env=PASSWORD=abc', `RUN x --env=PASSWORD=${mask}`],
    // BuildKit’s history has no quotes.
    ['ENV DB_PASSWORD=correct horse battery A=1', `ENV DB_PASSWORD=${mask} A=1`],
    ['ENV A=1 DB_PASSWORD=a;b&c "d', `ENV A=1 DB_PASSWORD=${mask}`],
    ['ENV DB_PASSWORD="a B=c" A=1', `ENV DB_PASSWORD=${mask} A=1`],
    ['ARG DB_PASSWORD=correct horse', `ARG DB_PASSWORD=${mask}`],
    ['RUN curl https://me:p@ss@host/x', `RUN curl https://me:${mask}@host/x`],
    [`RUN git clone https://${token}@host/x`, `RUN git clone https://${mask}@host/x`],
    [`RUN echo "${key}" > k`, `RUN echo "${mask}" > k`],
    ['RUN echo "-----BEGIN PRIVATE KEY-----\nMIIEpAIB', `RUN echo "${mask}`],
    ['{"API_KEY": "abc"}', `{"API_KEY":"${mask}"}`],
  ];
  for (const [text, shown] of masked)
    it(`is ${JSON.stringify(shown)}`, () => {
      assert.equal(maskedText(text), shown);
      assert.equal(withoutSecrets(text), shown);
    });

  it('is told by its keyword and size alone where it is longer than anybody reads', () => {
    const long = 'x'.repeat(300_000);
    assert.equal(maskedText(`RUN PASSWORD="${long}"`), `RUN ${mask} (300 kB)`);
    assert.equal(maskedText(long), `${mask} (300 kB)`);
    assert.equal(maskedText(`RUN ${'x'.repeat(200_000)}`).length, 200_004);
  });

  for (const text of [
    'RUN login --password-stdin < f',
    'RUN apt-get install --allow-unauthenticated curl',
    'RUN --mount=type=secret,id=a cat /run/secrets/a',
    'ENV PATH=/usr/bin:/bin HOME=/root',
    'LABEL a.b=c d',
  ])
    it(`stays ${text}`, () => {
      assert.equal(maskedText(text), text);
    });

  it('is not taken for its name', () => {
    const value = 'q8Zr2Lm5Xv0Tb7Yw3Nc9x';
    assert.equal(withoutSecrets(`RUN x ${value}token=${value}`), `RUN x ${value}token=${mask}`);
  });
});

describe('hostile instructions', () => {
  it('are gone through in the time that their length takes', () => {
    // Where the time grows with the square of the length these never end.
    const image = listedImage([
      { by: `COPY --from=${':'.repeat(1_000_000)}`, entries: [['a', 1]] },
      { by: 'COPY --from=alpine:latest /a /b # buildkit', entries: [['b', 1]] },
      { by: 'COPY --from=stage /a /b # buildkit', entries: [['c', 1]] },
    ]);
    const named = configFindings(imageFacts(image), 3, 0).flatMap(({ code, args }) =>
      code === 'floatingTag' ? args['image'] : [],
    );
    assert.deepEqual(named, ['alpine:latest']);
    const long = 'RUN '.concat('://:'.repeat(50_000), ' --token'.repeat(50_000), 'a="\\'.repeat(50_000));
    assert.deepEqual(secretKindsIn(long), []);
    assert.ok(maskedText(long).length > 0);
  });
});
