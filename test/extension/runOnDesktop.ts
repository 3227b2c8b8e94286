import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import type { HostRun } from './run.ts';

/** Runs the suite in desktop VS Code: `program` is its executable, or "download" to fetch the newest. */
export async function runOnDesktop(run: HostRun, program: string): Promise<string> {
  try {
    const code = await runTests({
      ...(program === 'download' ? {} : { vscodeExecutablePath: program }),
      extensionDevelopmentPath: run.extension,
      extensionTestsPath: run.suite,
      extensionTestsEnv: Object.fromEntries(
        Object.entries(run.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
      launchArgs: [
        run.workspace,
        ...['--disable-workspace-trust', `--user-data-dir=${join(run.folder, 'vscode')}`],
        `--extensions-dir=${join(run.folder, 'extensions')}`,
      ],
    });
    return `exit ${code}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
