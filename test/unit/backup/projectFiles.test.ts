import assert from 'node:assert/strict';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { captureComposeFiles, isLocalEngine } from '../../../src/core/backup/composeFiles.ts';
import { dependenciesOf, startWaves } from '../../../src/core/backup/startOrder.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('the files of a Compose project', () => {
  const folder = temporaryFolder();
  const capture = (
    configs: readonly string[],
    more: Readonly<Record<string, string>> = {},
    endpoint = 'unix:///s',
  ) =>
    captureComposeFiles(
      memoryStore(),
      {
        endpoint,
        labels: [
          {
            'com.docker.compose.project.working_dir': folder.path(),
            'com.docker.compose.project.config_files': configs.join(','),
            ...more,
          },
          {},
        ],
      },
      {},
    );
  const pathOf = (name: string): string => join(folder.path(), name);

  it('are those that labels name, in their order, and the environment beside them', async () => {
    for (const name of ['compose.yaml', 'compose.override.yml', '.env']) await writeFile(pathOf(name), name);
    const { files, missing, workingDir } = await capture([pathOf('compose.yaml'), 'compose.override.yml']);
    assert.deepEqual(
      files.map(({ path }) => path),
      [pathOf('compose.yaml'), 'compose.override.yml', pathOf('.env')],
    );
    assert.deepEqual(missing, []);
    assert.equal(workingDir, folder.path());
  });

  it('count as missing when they are not there, too large, no files, or not of Compose', async () => {
    await writeFile(pathOf('large.yaml'), '');
    await truncate(pathOf('large.yaml'), (1 << 20) + 1);
    await mkdir(pathOf('folder.yaml'));
    await writeFile(pathOf('id_ed25519'), 'a key');
    const names = ['none.yaml', 'large.yaml', 'folder.yaml', 'id_ed25519'].map(pathOf);
    const { files, missing } = await capture(names);
    assert.deepEqual(files, []);
    assert.deepEqual(missing, names);
  });

  it('take the environment that a label names, and say when it is not there', async () => {
    await writeFile(pathOf('prod.env'), 'A=b');
    await writeFile(pathOf('.env'), 'unused');
    const label = 'com.docker.compose.project.environment_file';
    const found = await capture([], { [label]: `${pathOf('prod.env')},${pathOf('gone.env')}` });
    assert.deepEqual(
      found.files.map(({ path }) => path),
      [pathOf('prod.env')],
    );
    assert.deepEqual(found.missing, [pathOf('gone.env')]);
  });

  it('are also those of variables that a Compose file refers to, and the others are named', async () => {
    const text = [
      'services:',
      '  web:',
      '    env_file:',
      '      - web.env   # its own',
      '      - path: "./more.env"',
      '        required: false',
      '      - ${WHICH}.env',
      '    image: app',
      '  db:',
      '    env_file: [db.env, id_ed25519]',
      '    extends:',
      '      file: base.yaml',
      '    # env_file: unused.env',
      '    ports:',
      '    - 80:80',
      'secrets:',
      '  key:',
      '    file: ./key.txt',
    ].join('\n');
    await writeFile(pathOf('compose.yaml'), text);
    for (const name of ['web.env', 'more.env', 'db.env', 'id_ed25519', 'key.txt'])
      await writeFile(pathOf(name), name);
    const { files, missing } = await capture([pathOf('compose.yaml')]);
    assert.deepEqual(
      files.map(({ path }) => path),
      ['compose.yaml', 'web.env', 'more.env', 'db.env'].map(pathOf),
    );
    assert.deepEqual(missing, ['${WHICH}.env', 'id_ed25519', 'base.yaml', 'key.txt'].map(pathOf));
  });

  it('are no other file, even where a label says that it is one of variables', async () => {
    await writeFile(pathOf('id_ed25519'), 'a key');
    const label = 'com.docker.compose.project.environment_file';
    const { files, missing } = await capture([], { [label]: pathOf('id_ed25519') });
    assert.deepEqual(files, []);
    assert.deepEqual(missing, [pathOf('id_ed25519')]);
  });

  it('are named when there are more of them than are read', async () => {
    const names = Array.from({ length: 800 }, (_, index) => pathOf(`${index}.yaml`));
    for (const name of names.slice(0, 201)) await writeFile(name, '');
    const { files, missing } = await capture(names);
    assert.equal(files.length, 200);
    assert.equal(missing[0], names[200]);
    assert.equal(missing.length, 501);
    assert.equal(missing.at(-1), '… (100)');
  });

  it('are not looked for when the engine is on another machine', async () => {
    await writeFile(pathOf('compose.yaml'), 'of this machine');
    const { files, missing } = await capture([pathOf('compose.yaml')], {}, 'ssh://far');
    assert.deepEqual(files, []);
    assert.deepEqual(missing, [pathOf('compose.yaml')]);
    assert.equal(isLocalEngine('npipe:////./pipe/docker_engine'), true);
    assert.equal(isLocalEngine('tcp://far:2376'), false);
  });
});

describe('the order of services', () => {
  const item = (service: string, dependsOn: string, project = 'shop') => ({
    service,
    labels: {
      'com.docker.compose.project': project,
      'com.docker.compose.service': service,
      'com.docker.compose.depends_on': dependsOn,
    },
  });
  const wavesOf = (items: readonly ReturnType<typeof item>[]): string =>
    startWaves(items, ({ labels }) => labels)
      .map((wave) => wave.map(({ service }) => service).join('+'))
      .join(' ');

  it('has what others need before them', () => {
    assert.deepEqual(
      dependenciesOf(item('a', 'db:service_healthy:true,cache:service_started:false').labels),
      ['db', 'cache'],
    );
    assert.equal(
      wavesOf([item('web', 'api:x:y'), item('api', 'db:x:y'), item('db', ''), item('job', 'db:x:y')]),
      'db api+job web',
    );
  });

  it('passes over circles and services that are not there', () => {
    assert.equal(wavesOf([item('a', 'b:x:y'), item('b', 'a:x:y'), item('c', 'gone:x:y')]), 'c a+b');
  });

  it('knows services of the same name in two projects apart', () => {
    assert.equal(wavesOf([item('web', 'db:x:y', 'one'), item('db', 'web:x:y', 'two')]), 'web+db');
  });
});
