import assert from 'node:assert/strict';
import { withRemarks } from '../../../src/core/backup/containerDocument.ts';
import { secretsIn } from '../../../src/core/secretEnv.ts';
import { volumeDocument } from '../../support/capturedThings.ts';

describe('secrets among the variables of a container', () => {
  for (const name of [
    'POSTGRES_PASSWORD',
    'MYSQL_ROOT_PASSWORD',
    'db_pass',
    'DB_PWD',
    'GITHUB_TOKEN',
    'AWS_SECRET_ACCESS_KEY',
    'STRIPE_API_KEY',
    'apikey',
    'SESSION_SECRET',
    'PRIVATE_KEY',
    'APP_KEY',
    'REGISTRY_AUTH',
    'SSH_PASSPHRASE',
    'CREDENTIALS',
  ])
    it(`takes ${name} for one`, () => {
      assert.deepEqual(secretsIn([`${name}=x`]), [name]);
    });

  for (const entry of [
    'PATH=/usr/bin',
    'PWD=/srv',
    'POSTGRES_PASSWORD_FILE=/run/secrets/pg',
    'POSTGRES_PASSWORD=',
    'GITHUB_TOKEN',
    'KEYBOARD=de',
    'GPG_PUBLIC_KEY=x',
    'GIT_AUTHOR=me',
    'AUTH_URL=https://id.example',
    'HOME_URL=https://example.org/a@b',
  ])
    it(`takes ${entry} for none`, () => {
      assert.deepEqual(secretsIn([entry]), []);
    });

  it('sees a password in an address', () => {
    assert.deepEqual(secretsIn(['DATABASE_URL=postgres://app:x@db/shop', 'CACHE=redis://:x@cache']), [
      'DATABASE_URL',
      'CACHE',
    ]);
  });

  it('tells no value', () => {
    assert.equal(secretsIn(['A_TOKEN=value=with=signs']).join(), 'A_TOKEN');
  });
});

describe('remarks of a backup', () => {
  it('are in a document even where there is no container', () => {
    const document = volumeDocument('data', []);
    const remark = { kind: 'notPaused', subject: 'stranger' } as const;
    const captured = { containers: [], volumes: [{ document, parts: [] }], remarks: document.remarks };
    const { volumes, remarks } = withRemarks(captured, [remark]);
    assert.deepEqual(volumes[0]?.document.remarks.at(-1), remark);
    assert.deepEqual(remarks, [...document.remarks, remark]);
  });
});
