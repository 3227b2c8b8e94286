import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import { parseJson } from '../../../src/core/oci/parseJson.ts';
import { bareVaultFolders, temporaryFolder } from '../../support/vaultFolder.ts';

const program = new URL('../../support/vaultPeak.ts', import.meta.url).pathname;
const answer = z.object({ peakBytes: z.number(), extraBytes: z.number() });

describe('the memory that a layer takes', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  for (const kind of ['zeros', 'noise'] as const)
    it(`does not grow with its size (${kind})`, async () => {
      await bareVaultFolders(folder.path());
      const peaks: number[] = [];
      for (const mebibytes of [64, 512]) {
        const { stdout } = await promisify(execFile)(process.execPath, [
          program,
          folder.path(),
          String(mebibytes),
          kind,
        ]);
        const { peakBytes, extraBytes } = parseJson(Buffer.from(stdout), answer, 'answer');
        assert.ok(extraBytes >= 1536 && extraBytes < 4096, `${extraBytes}`);
        peaks.push(peakBytes);
      }
      const [small = 0, large = 0] = peaks;
      assert.ok(large - small < 100 << 20, `${small} for 64 MiB, ${large} for 512 MiB`);
    });
});
