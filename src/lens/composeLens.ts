import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { ComposeFile, ComposeService } from '../core/compose/composeServices.ts';
import type { Inventory } from '../core/inspect/inventory.ts';
import { readSetting } from '../ui/settings.ts';
import type { VaultsInUse } from '../vaults/vaultsInUse.ts';
import type { Wording } from '../views/viewItem.ts';
import { composeActions } from './composeActions.ts';
import { composeDockerfile } from './composeDockerfile.ts';

export interface ComposeLensDeps {
  readonly inventory: Inventory;
  readonly vaults: Pick<VaultsInUse, 'protection'>;
}

const composeSelector: vscode.DocumentSelector = [
  { language: 'dockercompose' },
  { pattern: '**/{compose,docker-compose}*.{yml,yaml}' },
];

/** Size, age and backup above the images of Compose files. The reader of YAML loads with the first such file. */
export class ComposeLens implements vscode.CodeLensProvider {
  readonly #deps: ComposeLensDeps;
  readonly #changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changes.event;
  readonly #read = new WeakMap<
    vscode.TextDocument,
    { readonly version: number; readonly file: ComposeFile }
  >();
  readonly #disposables: { dispose(): unknown }[];
  readonly #wording: Wording = {
    l10n: { t: (message, args) => vscode.l10n.t(message, { ...args }) },
    language: vscode.env.language,
    nowMs: () => Date.now(),
  };

  constructor(deps: ComposeLensDeps) {
    this.#deps = deps;
    const changed = (): void => {
      this.#changes.fire();
    };
    this.#disposables = [
      this.#changes,
      deps.inventory.onDidChange(({ kind }) => {
        if (kind === 'images' || kind === 'containers') changed();
      }),
      deps.vaults.protection.onDidChange(changed),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('drydock.lens.enabled')) changed();
      }),
      vscode.languages.registerCodeLensProvider(composeSelector, this),
    ];
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const { inventory, vaults } = this.#deps;
    if (!readSetting('lens.enabled') || inventory.listing('images').kind !== 'listed') return [];
    const file = await this.#parsed(document);
    const folder = vscode.Uri.joinPath(document.uri, '..');
    const actions = composeActions(
      {
        file,
        folder: folder.path.split('/').at(-1) ?? '',
        images: inventory.images,
        containers: inventory.containers.values(),
        protection: vaults.protection.current(),
        dockerfileOf: (build) => dockerfileUri(folder, build),
      },
      this.#wording,
    );
    return actions.map(
      ({ line, title, command = '', args = [] }) =>
        new vscode.CodeLens(new vscode.Range(line, 0, line, 0), { title, command, arguments: [...args] }),
    );
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  async #parsed(document: vscode.TextDocument): Promise<ComposeFile> {
    const { version } = document;
    const known = this.#read.get(document);
    if (known?.version === version) return known.file;
    const { composeServices } = await import('../core/compose/composeServices.ts');
    const file = composeServices(document.getText());
    this.#read.set(document, { version, file });
    return file;
  }
}

function dockerfileUri(
  folder: vscode.Uri,
  build: NonNullable<ComposeService['build']>,
): vscode.Uri | undefined {
  const home = vscode.Uri.file(homedir()).path;
  const place = { folder: folder.path, home, isWindows: process.platform === 'win32' };
  const path = composeDockerfile(place, build);
  return path === undefined ? undefined : folder.with({ path });
}
