/** The command line with a registry in memory beside it, and a vault with snapshots that each test may change. */
import { join } from 'node:path';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { pushedVaults, type PushedVault } from '../../support/pushedVault.ts';
import { registryHere } from '../../support/registryHere.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { runCliHere, type Ran } from './runCliHere.ts';

export type Document = Record<string, unknown>;

export interface CliWithRegistry {
  /** Made anew for each test. */
  readonly made: () => PushedVault;
  readonly server: () => FakeRegistry;
  /** An empty folder that is gone after the test. */
  readonly folder: () => string;
  /** Hosts to which http was allowed. */
  readonly plain: string[];
  /** `vaultFolder` is what DRYDOCK_VAULT names: the vault that was made, where it is left out. */
  run(argv: readonly string[], more?: Parameters<typeof runCliHere>[1]): Promise<Ran>;
}

/** Registers the hooks for it. */
export function cliWithRegistry(): CliWithRegistry {
  const folder = temporaryFolder();
  const vaults = pushedVaults();
  const plain: string[] = [];
  let made: PushedVault;
  let server: FakeRegistry;
  beforeEach(async () => {
    made = await vaults.copy(join(folder.path(), 'vault'));
    server = new FakeRegistry();
    server.wantsEverything = true;
    plain.length = 0;
    await server.start();
  });
  afterEach(() => server.stop());
  return {
    made: () => made,
    server: () => server,
    folder: folder.path,
    plain,
    run: (argv, more) =>
      runCliHere(argv, {
        vaultFolder: made.vault.paths.root,
        connectRegistry: (host, { isPlainHttp }) => {
          if (isPlainHttp) plain.push(host);
          return Promise.resolve(registryHere(host));
        },
        ...more,
      }),
  };
}

export function documentOf({ stdout }: Ran): Document {
  return JSON.parse(stdout) as Document;
}
