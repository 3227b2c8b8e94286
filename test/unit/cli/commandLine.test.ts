import assert from 'node:assert/strict';
import { commandTable } from '../../../src/cli/commandTable.ts';
import { fakeEngine } from './fakeEngine.ts';
import { runCliHere } from './runCliHere.ts';

describe('the command line', () => {
  it('names every command in its help and ends with 0', async () => {
    const { exitCode, stdout, stderr } = await runCliHere(['--help']);
    for (const { name } of commandTable) assert.match(stdout, new RegExp(`^ {2}${name}\\b`, 'm'));
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
  });

  for (const { name, load } of commandTable) {
    it(`explains each option of ${name} without any engine, in lines that can be read`, async () => {
      const { options, name: ownName } = await load();
      assert.equal(ownName, name);
      const ran = await runCliHere([...name.split(' '), '--help']);
      for (const option of [...Object.keys(options), 'json', 'host'])
        assert.ok(ran.stdout.includes(`--${option}`), option);
      for (const line of ran.stdout.split('\n')) assert.ok(line.length <= 100, line);
      assert.equal(ran.exitCode, 0);
      assert.equal(ran.setting, undefined);
    });
  }

  it('explains half a command by those that begin with it', async () => {
    for (const argv of [
      ['backup', '--help'],
      ['backup', 'everything', '-h'],
      ['--help', '--vault', '/x', 'backup'],
    ]) {
      const { exitCode, stdout, stderr } = await runCliHere(argv);
      assert.match(stdout, /^Usage: drydock backup COMMAND/);
      for (const { name } of commandTable)
        assert.equal(new RegExp(`^ {2}${name}\\b`, 'm').test(stdout), name.startsWith('backup '), name);
      assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    }
  });

  it('prints its version', async () => {
    const { exitCode, stdout } = await runCliHere(['--version']);
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'drydock 1.2.3\n' });
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no command', [], /No command/],
    ['an unknown command', ['sail'], /no command "sail"/],
    ['half a command', ['archive'], /archive show.*archive check/],
    ['half a command with a wrong other half', ['archive', 'burn'], /archive show.*archive check/],
    [
      'half a command with options of a whole one',
      ['backup', '--transport', 'delta'],
      /backup image.*backup/,
    ],
    ['an unknown option', ['images', '--all'], /--all/],
    ['an option without its value', ['images', '--host'], /--host/],
    ['an empty address', ['images', '--host='], /--host needs/],
    ['an empty value', ['restore', 'x', '--as', ''], /--as needs a NAME; it is empty/],
    ['an empty value among several', ['find', 'x', '--snapshot', 'a', '--snapshot='], /--snapshot needs/],
    ['an empty argument', ['extract', 'x', ''], /argument is empty/],
    ['names and what chooses among all', ['forget', 'x', '--source', 'y', '--vault', '/x'], /--source says/],
    ['a value for a switch', ['images', '--json=yes'], /--json/],
    ['an argument that does not belong there', ['images', 'app'], /"app" is too much/],
    ['a missing argument', ['history'], /missing: drydock history IMAGE/],
    ['a second container', ['export', 'a', 'b', '-o', 'x'], /"b" is too much/],
    ['a save without a file', ['save', 'app'], /-o FILE/],
    ['a save to standard output', ['save', 'app', '-o', '-'], /read back/],
    ['an export to standard output', ['export', 'app', '-o', '-'], /read back/],
    ['a conversion into nothing', ['convert', 'x', '-o', '/y'], /--to what to make/],
    ['a conversion to nowhere', ['convert', 'x', '--to', 'oci-layout'], /-o FOLDER/],
    ['a packed folder', ['convert', 'x', '--to', 'oci-layout', '-o', '/y', '--compress', 'gzip'], /neither/],
    ['an unknown form', ['save', 'app', '-o', '/x', '--format', 'zip'], /--format is one of.*"zip"/],
    ['an unknown compression', ['save', 'app', '-o', '/x', '--compress', 'xz'], /--compress is one of/],
    ['two engines', ['images', '-H', 'unix:///a', '-c', 'b'], /one of them/],
    ['both ways with tags', ['load', 'a', '--keep-old', '--move-tags'], /exclude/],
    ['standard input twice', ['load', '-', '-'], /once only/],
    ['standard input from a terminal', ['archive', 'check', '-'], /is a terminal/],
    ['a bad name for a commit', ['commit', 'c', 'Bad Name'], /not a valid image name/],
    ['a bad name for an import', ['import', 'f', 'UPPER'], /not a valid image name/],
    ['a change that no engine takes', ['commit', 'c', 'n', '--change', 'RUN true'], /RUN true/],
  ];
  for (const [what, argv, sentence] of wrong) {
    it(`ends with 2 and one sentence for ${what}`, async () => {
      const { exitCode, stdout, stderr } = await runCliHere(argv, { engine: fakeEngine({}) });
      assert.match(stderr, sentence);
      assert.match(stderr, /^drydock: [^\n]+\n$/);
      assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' });
    });
  }

  it('tells a wrong command line as JSON too when that was asked for', async () => {
    const { exitCode, stdout, stderr } = await runCliHere(['save', '--json']);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, 'usage');
    assert.equal(stderr, `drydock: ${error.message}\n`);
    assert.equal(exitCode, 2);
  });

  it('takes global options before the command as well as after it', async () => {
    for (const argv of [
      ['-H', 'unix:///a', '--json', 'images'],
      ['images', '--json', '--host=unix:///a'],
    ]) {
      const { exitCode, stdout, setting } = await runCliHere(argv, { engine: fakeEngine({}) });
      assert.deepEqual({ exitCode, setting }, { exitCode: 0, setting: 'unix:///a' });
      assert.deepEqual(JSON.parse(stdout), { images: [] });
    }
  });

  it('hands on a context as the endpoint’s choice takes it', async () => {
    const { setting } = await runCliHere(['images', '-c', 'far'], { engine: fakeEngine({}) });
    assert.equal(setting, 'context:far');
  });

  it('lets go of the engine, also after a failure', async () => {
    assert.equal((await runCliHere(['images'], { engine: fakeEngine({}) })).isClosed, true);
    assert.equal((await runCliHere(['images'])).isClosed, true);
  });

  it('ends with 1 and the sentence when no engine answers', async () => {
    const { exitCode, stdout, stderr } = await runCliHere(['containers', '--json']);
    assert.deepEqual(JSON.parse(stdout), {
      error: {
        code: 'engineUnreachable',
        message: 'No engine answers at unix:///none. Start it, or choose another engine.',
        details: { endpoint: 'unix:///none' },
      },
    });
    assert.equal(stderr, 'drydock: No engine answers at unix:///none. Start it, or choose another engine.\n');
    assert.equal(exitCode, 1);
  });

  it('shows the chain behind a failure when that is asked for', async () => {
    const { stderr } = await runCliHere(['containers'], { isDebug: true });
    assert.match(stderr, /at .*\n/);
  });

  it('ends with 130 when it was cancelled', async () => {
    const engine = fakeEngine({});
    const aborting = {
      ...engine,
      containers: {
        ...engine.containers,
        list: () => Promise.reject(new DOMException('This operation was aborted', 'AbortError')),
      },
    };
    const { exitCode, stdout, stderr } = await runCliHere(['containers', '--json'], { engine: aborting });
    assert.equal(exitCode, 130);
    assert.equal(stderr, 'drydock: Cancelled.\n');
    assert.deepEqual(JSON.parse(stdout), {
      error: { code: 'cancelled', message: 'Cancelled.', details: {} },
    });
  });
});
