import assert from 'node:assert/strict';
import { composeServices } from '../../../src/core/compose/composeServices.ts';

describe('composeServices', () => {
  it('tells where each service names its image and its build', () => {
    const file = composeServices(
      `name: shop
# services of the shop
services:
  web:
    image: nginx:1.27
    ports: ["80:80"]
  api:
    build:
      context: ./api
      dockerfile: deploy/Dockerfile
      target: run
    image: "team/api:\${TAG:-latest}"
  db: {image: postgres:16}
  worker:
    build: ./worker
`,
    );
    assert.deepEqual(file, {
      name: 'shop',
      servicesLine: 2,
      services: [
        { name: 'web', line: 3, image: { line: 4, written: 'nginx:1.27', name: 'nginx:1.27' } },
        {
          name: 'api',
          line: 6,
          image: { line: 11, written: 'team/api:${TAG:-latest}', name: 'team/api:latest' },
          build: { line: 7, context: './api', dockerfile: 'deploy/Dockerfile', target: 'run' },
        },
        { name: 'db', line: 12, image: { line: 12, written: 'postgres:16', name: 'postgres:16' } },
        { name: 'worker', line: 13, build: { line: 14, context: './worker' } },
      ],
    });
  });

  it('does not know an image that only the environment names', () => {
    const [service] = composeServices('services:\n  a:\n    image: app:$TAG\n').services;
    assert.deepEqual(service?.image, { line: 2, written: 'app:$TAG' });
  });

  it('reads what is whole in a file that is being written', () => {
    const { services } = composeServices('services:\n  a:\n    image: one:1\n  b:\n    image:\n  c:\n    im');
    assert.deepEqual(services[0]?.image?.name, 'one:1');
    assert.equal(services[1]?.image, undefined);
  });

  it('finds nothing in what is no Compose file', () => {
    for (const text of [
      '',
      '- a\n- b',
      'services: 1',
      'services:\n  - a',
      'a: &x [*x]',
      '\t\t',
      '%YAML 9',
      '{',
    ])
      assert.deepEqual(composeServices(text).services, [], text);
    assert.deepEqual(composeServices(`services:\n  a:\n    image: x\n${'#'.repeat(600_000)}`).services, []);
  });

  it('comes to an end with more names than a person writes', () => {
    const names = Array.from({ length: 12_000 }, (_, at) => `a${at}: `);
    assert.equal(composeServices(`services:\n  x: {image: a}\n  ${names.join('\n  ')}`).services.length, 1);
    assert.equal(composeServices(`services: {x: {image: a}, ${names.join(',')}}`).services.length, 1);
  });

  it('does not unfold aliases', () => {
    const bomb = Array.from(
      { length: 30 },
      (_, at) => `k${at}: &a${at} [${`*a${at - 1},`.repeat(at > 0 ? 9 : 0)}]`,
    );
    const text = `${bomb.join('\n')}\nservices:\n  a:\n    image: x:1\n    <<: *a29\n`;
    assert.equal(composeServices(text).services[0]?.image?.name, 'x:1');
  });
});
