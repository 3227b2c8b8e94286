import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { Engine } from '../core/engine/engine.ts';
import type { StoredImages } from '../core/inspect/imageSharing.ts';
import type { OpenedImages } from '../inside/openedImages.ts';
import type { DockerfileLens } from '../lens/dockerfileLens.ts';
import { isDockerfile } from '../lens/dockerfileSelector.ts';
import type { HistoryActions } from '../report/historyPanel.ts';
import type { DockerfileLine, HistoryExtras, LayerInside, RepositoryTag } from '../report/historyPage.ts';
import { splitTag } from '../views/repositoryName.ts';
import type { CommandContext } from './context.ts';

export interface HistoryActionsDeps {
  readonly engine: () => Engine;
  readonly inside: Pick<OpenedImages, 'open' | 'peek'>;
  readonly lens: Pick<DockerfileLens, 'reading' | 'lookAgain'>;
  readonly showAnalysis: CommandContext['showAnalysis'];
  readonly showDiff: CommandContext['showDiff'];
}

/** A picture of more tags than this says nothing. */
const mostTags = 40;

const mostKnown = 20;

/** What the history pages can ask for beyond the engine's history. */
export function historyActions({
  engine,
  inside,
  lens,
  showAnalysis,
  showDiff,
}: HistoryActionsDeps): HistoryActions {
  // An image never changes under its ID, and a page asks anew with each event of the engine.
  const known = new Map<string, readonly LayerInside[]>();
  return {
    async extras({ imageId, title, tags }, { mayRead, signal }) {
      const image = mayRead ? await inside.open(imageId, title) : await inside.peek(imageId);
      if (mayRead && image !== undefined) lens.lookAgain();
      const { layerFigures } = await import('../lens/layerFigures.ts');
      const figures = known.get(imageId) ?? (image && (await layerFigures(image, signal)));
      if (figures) known.set(imageId, figures);
      for (const oldest of [...known.keys()].slice(0, -mostKnown)) known.delete(oldest);
      const { readStoredImages } = await import('../core/inspect/imageSharing.ts');
      const stored = await readStoredImages(engine(), { signal, progress: { report: () => undefined } });
      return {
        ...(figures && { inside: figures }),
        ...(await sharedLayersOf(stored, imageId)),
        tags: tagsOf(stored, new Set(tags.map((tag) => splitTag(tag).repository))),
      };
    },
    lines: (imageId) => linesIn(lens, imageId),
    async openLine(imageId, step) {
      const found = linesIn(lens, imageId).get(step);
      if (found === undefined) return;
      const at = new vscode.Position(found.line - 1, 0);
      await vscode.window.showTextDocument(found.uri, { selection: new vscode.Range(at, at) });
    },
    analyze: (image) => showAnalysis(image),
    async compare(one, other) {
      const side = ({ imageId, name }: RepositoryTag): Parameters<CommandContext['showDiff']>[0]['left'] => ({
        kind: 'image',
        id: imageId,
        title: name,
      });
      await showDiff({ left: side(one), right: side(other), strictness: 'semantic' });
    },
  };
}

async function sharedLayersOf(
  { images, store }: StoredImages,
  imageId: string,
): Promise<Pick<HistoryExtras, 'diffIds' | 'sharedWith'>> {
  const { sharedLayers } = await import('../core/waste/sharedLayers.ts');
  const names = new Map(
    images.map(({ id, tags }) => [id, tags[0] ?? id.slice('sha256:'.length).slice(0, 12)]),
  );
  const layers = sharedLayers(images, store)
    .layers.filter((layer) => layer.images.some((id) => id === imageId))
    .toSorted((a, b) => a.place - b.place);
  return {
    diffIds: layers.map(({ diffId }) => diffId),
    sharedWith: layers.map((layer) =>
      layer.images.filter((id) => id !== imageId).map((id) => names.get(id) ?? id),
    ),
  };
}

function tagsOf({ images }: StoredImages, repositories: ReadonlySet<string>): readonly RepositoryTag[] {
  return images
    .flatMap(({ id, tags, createdAtMs = 0, sizeBytes }) =>
      tags
        .filter((tag) => repositories.has(splitTag(tag).repository))
        .map((name) => ({ imageId: id, name, createdAtMs, sizeBytes })),
    )
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs || a.name.localeCompare(b.name))
    .slice(-mostTags);
}

/** Lines of open Dockerfiles that made steps of an image, by the step's place, the oldest at 0. */
function linesIn(
  lens: HistoryActionsDeps['lens'],
  imageId: string,
): ReadonlyMap<number, DockerfileLine & { readonly uri: vscode.Uri }> {
  const lines = new Map<number, DockerfileLine & { readonly uri: vscode.Uri }>();
  for (const document of vscode.workspace.textDocuments) {
    if (!isDockerfile(document)) continue;
    const { uri } = document;
    for (const { image, match } of lens.reading(document)?.parts ?? []) {
      if (image.id !== imageId || match.confidence === 'none') continue;
      for (const { instruction, match: line } of match.lines)
        if (line.kind === 'matched')
          lines.set(line.step, { file: posix.basename(uri.path), line: instruction.firstLine + 1, uri });
    }
  }
  return lines;
}
