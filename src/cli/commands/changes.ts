import { containerChanges, type ChangedNode } from '../../core/fileTrees/containerChanges.ts';
import { modeText } from '../../core/fileTrees/modeText.ts';
import { isRaw, pathBytes } from '../../core/layers/entryNames.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { shownName, timeText } from '../fileEntry.ts';
import { containerLabel, findContainer } from '../findContainer.ts';
import { isoTime } from '../isoTime.ts';
import { table } from '../table.ts';

const letters = { added: 'A', modified: 'M', deleted: 'D' } as const;

export const changes: Command = {
  name: 'changes',
  summary: 'Show what a container has changed against its image',
  usage: 'CONTAINER',
  details: [
    'CONTAINER is a name, an ID or the beginning of one; it need not run. A is added, M is modified, D is deleted. What is mounted is no part of it. An owner is given where the engine tells it.',
  ],
  takes: { least: 1, most: 1 },
  options: {},
  async run(context, args) {
    const { operation } = context;
    const engine = await context.engine();
    const container = await findContainer(engine, args.first, operation.signal);
    const found = await containerChanges({ engine }, { container: container.id }, operation);
    const changed = [...changedNodes(found.root)];
    return {
      document: {
        container: { id: container.id, name: containerLabel(container), imageId: found.container.imageId },
        ...found.counts,
        sizeBytes: found.sizeBytes,
        changes: changed.map(changeDocument),
      },
      text: (columns) =>
        table(
          ['', 'MODE', 'OWNER', 'SIZE', 'CHANGED', 'PATH'],
          changed.map(({ path, kind, file }) => [
            letters[kind],
            file === undefined ? '-' : modeText(file),
            file?.uid === undefined ? '-' : `${file.uid}:${file.gid ?? ''}`,
            file?.type === 'file' ? formatBytes(file.sizeBytes) : '-',
            timeText(file?.mtime),
            `/${shownName(path)}${file?.link === undefined ? '' : ` -> ${file.link}`}`,
          ]),
          columns,
        ),
      quiet: changed.map(({ path }) => `/${shownName(path)}`),
    };
  },
};

type Changed = ChangedNode & { readonly kind: NonNullable<ChangedNode['kind']> };

function* changedNodes(node: ChangedNode): Generator<Changed, void, undefined> {
  const { kind } = node;
  if (kind !== undefined) yield { ...node, kind };
  for (const child of node.children.values()) yield* changedNodes(child);
}

function changeDocument({ path, kind, file }: Changed): Readonly<Record<string, unknown>> {
  return {
    kind,
    path: `/${shownName(path)}`,
    ...(isRaw(path) && { rawPath: pathBytes(`/${path}`).toString('base64') }),
    type: file?.type ?? null,
    mode: file?.mode.toString(8).padStart(4, '0') ?? null,
    uid: file?.uid ?? null,
    gid: file?.gid ?? null,
    sizeBytes: file?.sizeBytes ?? null,
    mtime: isoTime(file === undefined ? undefined : file.mtime * 1000),
    link: file?.link ?? null,
    sha256: file?.sha256 ?? null,
  };
}
