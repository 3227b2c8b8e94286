import * as vscode from 'vscode';
import type { Engine } from '../core/engine/engine.ts';
import type { Inventory } from '../core/inspect/inventory.ts';
import type { OpenedImages } from '../inside/openedImages.ts';
import type { Log } from '../ui/log.ts';
import { readSetting } from '../ui/settings.ts';
import type { Wording } from '../views/viewItem.ts';
import { ChosenImages, type ChosenImage, type Memory } from './chosenImages.ts';
import { isDockerfile } from './dockerfileSelector.ts';
import { DockerfileReadings, type LensDocument, type LensReading } from './dockerfileReadings.ts';
import { ImageHistories } from './imageHistories.ts';
import { InsideFigures } from './insideFigures.ts';
import { LayerHeat } from './layerHeat.ts';
import { lensActions } from './lensActions.ts';
import { codeBlock, hoverWords, type HoverWords } from './lensHover.ts';
import { lensLines } from './lensLines.ts';
import { imageName } from './lensWords.ts';

export interface LensDeps {
  readonly engine: () => Engine;
  readonly inventory: Inventory;
  readonly inside: OpenedImages;
  readonly memory: Memory;
  readonly log: Log;
  /** There may be more to say of any document than before. */
  readonly changed: () => void;
}

/** Many answers come at once; the lines are drawn again after the last. */
const settleMs = 40;

/** What stands above and beside the lines of Dockerfiles. Answers at once from what is known, and again when it grew. */
export class DockerfileLens implements vscode.Disposable {
  readonly #deps: LensDeps;
  readonly #readings: DockerfileReadings;
  readonly #figures: InsideFigures;
  readonly #chosen: ChosenImages;
  readonly #disposables: { dispose(): unknown }[];
  readonly #wording: Wording = {
    l10n: { t: (message, args) => vscode.l10n.t(message, { ...args }) },
    language: vscode.env.language,
    nowMs: () => Date.now(),
  };
  #timer: NodeJS.Timeout | undefined;
  /** IDs and names of the images that were searched last. */
  #images: string | undefined;
  /** Made when somebody wants it. */
  #heat: LayerHeat | undefined;

  constructor(deps: LensDeps) {
    this.#deps = deps;
    const { inventory, inside, engine, memory, log } = deps;
    const changed = (): void => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#deps.changed();
        this.#drawHeat();
      }, settleMs);
    };
    const failed = (error: unknown): void => {
      log.error('the lens over a Dockerfile', error);
    };
    this.#chosen = new ChosenImages(memory);
    this.#figures = new InsideFigures({ peek: (id) => inside.peek(id), changed, failed });
    this.#readings = new DockerfileReadings({
      inventory,
      histories: new ImageHistories(engine),
      chosen: this.#chosen,
      figures: this.#figures,
      changed,
      failed,
    });
    this.#disposables = [
      this.#figures,
      this.#readings,
      inside.onDidRead(() => {
        this.#figures.askAgain();
        changed();
      }),
      inventory.onDidChange(({ kind }) => {
        if (kind === 'images') this.#followImages();
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#readings.close(uri.toString());
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (readSetting('lens.heat') && isDockerfile(document)) changed();
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.#drawHeat();
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('drydock.lens')) changed();
      }),
    ];
    this.#drawHeat();
  }

  /** What is known of a document; undefined while it is switched off, or no engine has told its images. */
  reading(document: vscode.TextDocument): LensReading | undefined {
    const isListed = this.#deps.inventory.listing('images').kind === 'listed';
    return readSetting('lens.enabled') && isListed ? this.#readings.read(lensDocument(document)) : undefined;
  }

  codeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const reading = this.reading(document);
    if (reading === undefined) return [];
    const { scheme, fsPath } = document.uri;
    const isUnread = (id: Parameters<InsideFigures['isUnread']>[0]): boolean => this.#figures.isUnread(id);
    return lensActions({ reading, document: { scheme, fsPath }, isUnread }, this.#wording).map(
      ({ line, title, tooltip, command = '', args = [] }) =>
        new vscode.CodeLens(new vscode.Range(line, 0, line, 0), {
          title,
          command,
          arguments: [...args],
          ...(tooltip === undefined ? {} : { tooltip }),
        }),
    );
  }

  hover(document: vscode.TextDocument, { line }: vscode.Position): vscode.Hover | undefined {
    const reading = this.reading(document);
    const found = lensLines(reading?.parts ?? []).find(
      ({ line: { instruction } }) => instruction.firstLine <= line && line <= instruction.lastLine,
    );
    const image = reading?.parts.find(({ image: { id } }) => id === found?.imageId)?.image;
    const words = found && image && hoverWords(found, imageName(image), this.#wording);
    if (found === undefined || words === undefined) return undefined;
    const { firstLine, lastLine } = found.line.instruction;
    return new vscode.Hover(
      hoverText(words),
      new vscode.Range(firstLine, 0, lastLine, Number.MAX_SAFE_INTEGER),
    );
  }

  chosenFor(uri: vscode.Uri): ChosenImage | undefined {
    return this.#chosen.of(uri.toString());
  }

  /** Without an image the lens looks for it by itself again. */
  async choose(uri: vscode.Uri, image: ChosenImage | undefined): Promise<void> {
    await this.#chosen.choose(uri.toString(), image);
    this.#readings.searchAgain();
  }

  /** Somebody looked into an image: there may be more to say. */
  lookAgain(): void {
    this.#figures.askAgain();
    this.#deps.changed();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#heat?.dispose();
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** A search looks at every image, so it is not made again for a container that came or went. */
  #followImages(): void {
    const named = [...this.#deps.inventory.images.values()].map(({ id, tags }) => `${id} ${tags.join(' ')}`);
    const images = named.join('\n');
    if (images === this.#images) return;
    this.#images = images;
    this.#readings.searchAgain();
  }

  #drawHeat(): void {
    const isOn = readSetting('lens.heat');
    if (isOn) this.#heat ??= new LayerHeat();
    if (this.#heat === undefined) return;
    for (const editor of vscode.window.visibleTextEditors) {
      if (!isDockerfile(editor.document)) continue;
      const reading = isOn ? this.reading(editor.document) : undefined;
      this.#heat.show(editor, lensLines(reading?.parts ?? []));
    }
  }
}

function lensDocument(document: vscode.TextDocument): LensDocument {
  return { uri: document.uri.toString(), version: document.version, text: () => document.getText() };
}

/** Everything but the headings comes from an image, so it is put in as plain text. */
function hoverText({ title, rows, code, files }: HoverWords): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendText(title);
  text.appendMarkdown(codeBlock(code, 'dockerfile'));
  text.appendText(rows.map(([name, value]) => `${name}: ${value}`).join(' · '));
  if (files.length > 0)
    text.appendMarkdown(codeBlock(files.map(([path, size]) => `${size}  ${path}`).join('\n'), 'plaintext'));
  return text;
}
