import * as vscode from 'vscode';
import type { LensLine } from './lensLines.ts';

/** How large a layer is among the others, in five steps. Taller, not only brighter, so that colour is not needed. */
const levels = 5;

/** Draws beside each line how much of the image it brings. */
export class LayerHeat {
  readonly #types: readonly vscode.TextEditorDecorationType[] = Array.from({ length: levels }, (_, at) =>
    vscode.window.createTextEditorDecorationType({
      gutterIconPath: bar(at + 1),
      gutterIconSize: 'contain',
      isWholeLine: true,
      overviewRulerLane: vscode.OverviewRulerLane.Left,
      ...(at + 1 === levels ? { overviewRulerColor: new vscode.ThemeColor('charts.orange') } : {}),
    }),
  );

  /** Shows the heat of `lines`; none takes it away. */
  show(editor: vscode.TextEditor, lines: readonly LensLine[]): void {
    const sizes = lines.map(({ layer, line }) =>
      line.match.kind === 'matched' && layer !== undefined ? layer.sizeBytes : 0,
    );
    const largest = Math.max(1, ...sizes);
    const ranges: vscode.Range[][] = Array.from({ length: levels }, () => []);
    lines.forEach(({ line: { instruction } }, at) => {
      const size = sizes[at] ?? 0;
      if (size === 0) return;
      // Roots, since a few layers hold nearly everything in most images.
      const level = Math.max(1, Math.ceil(levels * Math.sqrt(size / largest)));
      ranges[level - 1]?.push(new vscode.Range(instruction.firstLine, 0, instruction.lastLine, 0));
    });
    this.#types.forEach((type, at) => {
      editor.setDecorations(type, ranges[at] ?? []);
    });
  }

  dispose(): void {
    for (const type of this.#types) type.dispose();
  }
}

function bar(level: number): vscode.Uri {
  const height = 3 * level;
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect x="5" y="${16 - height}" width="6" height="${height}" rx="1" fill="#d18616" fill-opacity="${0.4 + 0.12 * level}"/></svg>`;
  return vscode.Uri.parse(`data:image/svg+xml;base64,${Buffer.from(drawing).toString('base64')}`);
}
