import * as vscode from 'vscode';
import { readSetting } from '../ui/settings.ts';
import type { DockerfileLens, LensDeps } from './dockerfileLens.ts';
import { dockerfileSelector, isDockerfile } from './dockerfileSelector.ts';

/** Stands for the lens in a window that has no Dockerfile open. What reads them loads with the first one. */
export class LensOnDemand implements vscode.CodeLensProvider, vscode.HoverProvider {
  readonly #deps: LensDeps;
  readonly #changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changes.event;
  readonly #disposables: { dispose(): unknown }[];
  #lens: Promise<DockerfileLens> | undefined;

  constructor(deps: Omit<LensDeps, 'changed'>) {
    this.#deps = {
      ...deps,
      changed: () => {
        this.#changes.fire();
      },
    };
    // Heat is drawn in editors whether or not they show lenses.
    const followEditors = (): void => {
      if (this.#lens !== undefined || !readSetting('lens.heat')) return;
      if (vscode.window.visibleTextEditors.some(({ document }) => isDockerfile(document))) void this.open();
    };
    this.#disposables = [
      this.#changes,
      deps.inventory.onDidChange(followEditors),
      vscode.window.onDidChangeVisibleTextEditors(followEditors),
      vscode.languages.registerCodeLensProvider(dockerfileSelector, this),
      vscode.languages.registerHoverProvider(dockerfileSelector, this),
    ];
  }

  /** The lens of this window. */
  open(): Promise<DockerfileLens> {
    this.#lens ??= import('./dockerfileLens.ts').then(({ DockerfileLens: Lens }) => new Lens(this.#deps));
    return this.#lens;
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    return (await this.open()).codeLenses(document);
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.Hover | undefined> {
    return (await this.open()).hover(document, position);
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
    void this.#lens?.then((lens) => {
      lens.dispose();
    });
  }
}
