import assert from 'node:assert/strict';
import { secretsIn } from '../../../src/core/backup/containerRemarks.ts';

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
