import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

/** A rule that never fires guards nothing: each is broken here once. */
const broken = [
  ['src/core/digest.ts', "import * as vscode from 'vscode'; export const a = vscode;"],
  ['src/core/digest.ts', "import type { Uri } from 'vscode'; export type A = Uri;"],
  ['src/core/digest.ts', "export const a = () => import('vscode');"],
  ['src/core/digest.ts', "import Docker from 'dockerode'; export const a = Docker;"],
  ['src/core/digest.ts', "import { connect } from '../docker/connect.ts'; export const a = connect;"],
  ['src/core/digest.ts', "export const a = () => import('../docker/connect.ts');"],
  [
    'src/core/backup/saveImages.ts',
    "import { planLoad } from '../restore/planLoad.ts'; export const a = planLoad;",
  ],
  [
    'src/core/archive/archive.ts',
    "import { planLoad } from '../restore/planLoad.ts'; export const a = planLoad;",
  ],
  [
    'src/core/transfer/pushSnapshot.ts',
    "import { verifyVault } from '../maintenance/verifyVault.ts'; export const a = verifyVault;",
  ],
  [
    'src/core/registry/remoteName.ts',
    "import { connectRegistry } from '../../registry/connectRegistry.ts'; export const a = connectRegistry;",
  ],
  ['src/registry/blobs.ts', "import { runCli } from '../cli/runCli.ts'; export const a = runCli;"],
  [
    'src/core/layers/loadTree.ts',
    "import { analyzeWaste } from '../waste/analyzeWaste.ts'; export const a = analyzeWaste;",
  ],
  ['src/docker/connect.ts', "import { readSetting } from '../ui/settings.ts'; export const a = readSetting;"],
  ['src/docker/connect.ts', "import * as vscode from 'vscode'; export const a = vscode;"],
  ['src/commands/tagImage.ts', "import { connect } from '../docker/connect.ts'; export const a = connect;"],
  ['src/commands/tagImage.ts', "import Docker from 'dockerode'; export const a = Docker;"],
  ['src/views/node.ts', "import { remove } from '../commands/remove.ts'; export const a = remove;"],
  ['src/cli/main.ts', "import { readSetting } from '../ui/settings.ts'; export const a = readSetting;"],
] as const;

const guards = ['no-restricted-imports', 'no-restricted-syntax', 'import-x/no-restricted-paths'];

describe('import rules', function () {
  this.timeout(60_000);
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: [
      {
        files: ['**/*.ts'],
        ...tseslint.configs.disableTypeChecked,
        languageOptions: { parserOptions: { project: null } },
      },
    ],
  });

  for (const [file, code] of broken) {
    it(`refuse ${code.split(';')[0] ?? ''} in ${file}`, async () => {
      const [result] = await eslint.lintText(`${code}\n`, { filePath: `${root}/${file}` });
      const rules = result?.messages.map(({ ruleId }) => ruleId) ?? [];
      assert.ok(
        rules.some((rule) => guards.includes(rule ?? '')),
        JSON.stringify(result?.messages),
      );
    });
  }
});
