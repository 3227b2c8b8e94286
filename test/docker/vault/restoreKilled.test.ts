import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { backupContainer } from '../../../src/core/backup/backupContainer.ts';
import { unattended } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import type { RestoreChoices } from '../../../src/core/restore/restorePlan.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { RestoreBench } from '../../support/restoreBench.ts';
import { shellImage } from '../../support/shellImage.ts';

const script = fileURLToPath(new URL('../../support/restoreKilled.ts', import.meta.url));
const run = promisify(execFile);

describe('a restore whose process is killed', function () {
  this.timeout(400_000);
  let bench: RestoreBench;
  before(async () => {
    bench = await RestoreBench.open();
  });
  after(async () => {
    await bench.close();
  });

  for (const [what, action] of [
    ['a new volume', 'rename'],
    ['a volume whose data it replaces', 'replace'],
  ] as const)
    it(`leaves, after the next start, the engine as it was: at each note it wrote, with ${what}`, async () => {
      const [name, data, copy] = [bench.name('killed'), bench.name('data'), bench.name('copy')];
      bench.docker('volume', 'create', '--label', `${testLabel}=1`, data);
      bench.run(
        name,
        '--network',
        'none',
        '--volume',
        `${data}:/data`,
        '--stop-timeout',
        '0',
        shellImage,
        'sleep',
        '900',
      );
      bench.exec(name, 'echo old > /data/file; echo own > /own');
      const input = { container: name, consistency: 'pause', includeBinds: false } as const;
      const { snapshot } = await backupContainer(bench, input, unattended());
      bench.exec(name, 'echo newer > /data/file');
      const choices: RestoreChoices = {
        items: [
          { what: 'container', name, action: 'replace' },
          action === 'rename'
            ? { what: 'volume', name: data, action, newName: copy }
            : { what: 'volume', name: data, action },
        ],
      };
      const state = (): string =>
        [
          bench.docker('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}'),
          bench.docker('volume', 'ls', '--quiet'),
          bench.images(),
          bench.exec(name, 'cat /data/file /own'),
        ].join('\n');
      const before = state();
      const args = [script, testHost(), bench.vault.paths.root, snapshot.id, JSON.stringify(choices)];

      let kills = 0;
      for (;;) {
        const at = kills + 1;
        const outcome = await run(process.execPath, [...args, String(at)]).catch((error: unknown) => error);
        if (!(outcome instanceof Error)) break;
        assert.equal(
          (outcome as NodeJS.ErrnoException & { readonly signal?: string }).signal,
          'SIGKILL',
          String(outcome),
        );
        kills += 1;
        const recovered = await recoverVault(bench);
        assert.deepEqual(
          recovered.map(({ outcome: end, left }) => [end, left]),
          [['undone', []]],
          `note ${at}`,
        );
        assert.equal(state(), before, `note ${at}`);
        assert.deepEqual(await bench.leftovers(), [], `note ${at}`);
      }
      assert.ok(kills >= 5, `${kills} notes`);
      assert.equal(bench.exec(name, 'cat /data/file'), 'old', 'the one that was let live');
      assert.deepEqual(await bench.leftovers(), []);
    });
});
