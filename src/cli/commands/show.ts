import { shortDigest } from '../../core/digest.ts';
import { platformText } from '../../core/oci/platform.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { SnapshotContents, SnapshotImage } from '../../core/snapshot/snapshot.ts';
import type { Remark } from '../../core/snapshot/snapshotRecords.ts';
import { snapshotRoots } from '../../core/snapshotFiles/snapshotRoots.ts';
import { openChosenSnapshot, snapshotWords } from '../chosenSnapshot.ts';
import type { Command } from '../command.ts';
import { vaultOption } from '../options.ts';
import { isoTime } from '../isoTime.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { table } from '../table.ts';
import { checkedWords } from './snapshots.ts';

export const show: Command = {
  name: 'show',
  summary: 'Show what a snapshot holds',
  usage: 'SNAPSHOT',
  details: [snapshotWords],
  takes: { least: 1, most: 1 },
  options: vaultOption,
  async run(context, args) {
    const { snapshot, contents } = await openChosenSnapshot(context, args);
    const remarks = remarksOf(contents);
    const roots = snapshotRoots(contents);
    const nowMs = context.now();
    const { source } = snapshot;
    return {
      document: {
        ...snapshotDocument(snapshot),
        images: contents.images.map(imageDocument),
        containers: contents.containers.map(({ document }) => ({
          name: document.name,
          id: document.id,
          image: document.imageName,
          imageId: document.imageId,
          state: document.state,
          networks: document.networks.map(({ name }) => name),
          mounts: document.mounts,
        })),
        volumes: contents.volumes.map(({ document }) => ({
          name: document.name,
          kind: document.kind,
          driver: document.driver,
          labels: document.labels,
          options: document.options,
          entryCount: document.entryCount,
          sizeBytes: document.plainBytes,
        })),
        project:
          contents.project === undefined
            ? null
            : {
                name: contents.project.document.project,
                files: contents.project.document.files,
                missing: contents.project.document.missing,
                services: contents.project.document.services,
              },
        roots: roots.map(({ name, kind, mountedAt }) => ({ name, kind, mountedAt })),
        remarks,
      },
      text: (columns) => [
        `${snapshot.refName}  ${shortDigest(snapshot.id)}`,
        `${source.kind} ${source.name}, from ${source.engineName}, ${isoTime(snapshot.createdMs) ?? '?'}`,
        `${formatBytes(snapshot.plainBytes)}, ${formatBytes(snapshot.newBytes)} new, verified: ${checkedWords(snapshot, nowMs)}${snapshot.damaged === undefined ? '' : ` (${snapshot.damaged.reason})`}`,
        ...section('Images', ['NAME', 'ID', 'PLATFORM', 'LAYERS', 'SIZE'], imageRows(contents), columns),
        ...section('Containers', ['NAME', 'STATE', 'IMAGE', 'NETWORKS'], containerRows(contents), columns),
        ...section('Volumes', ['NAME', 'KIND', 'DRIVER', 'ENTRIES', 'SIZE'], volumeRows(contents), columns),
        ...section('Project', ['SERVICE', 'CONTAINERS', 'AFTER'], serviceRows(contents), columns),
        ...section('Files', ['ROOT', 'KIND', 'MOUNTED AT'], rootRows(roots), columns),
        ...section('Remarks', ['KIND', 'WHAT', 'DETAIL'], remarks.map(remarkRow), columns),
      ],
      quiet: [snapshot.id],
    };
  },
};

function section(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): readonly string[] {
  if (rows.length === 0) return [];
  const width = columns === undefined ? undefined : columns - 2;
  return ['', title, ...table(header, rows, width).map((line) => `  ${line}`)];
}

function imageRows({ images }: SnapshotContents): readonly (readonly string[])[] {
  return images.flatMap(({ id, tags, role, manifests }) =>
    manifests.map(({ platform, layers }) => [
      role === 'writable' ? '(a container’s own changes)' : tags.length > 0 ? tags.join(', ') : '<none>',
      shortDigest(id),
      platformText(platform),
      String(layers.length),
      formatBytes(layers.reduce((sum, { index }) => sum + index.plainBytes, 0)),
    ]),
  );
}

function containerRows({ containers }: SnapshotContents): readonly (readonly string[])[] {
  return containers.map(({ document: { name, state, imageName, networks } }) => [
    name,
    state,
    imageName,
    networks.map((network) => network.name).join(', '),
  ]);
}

function volumeRows({ volumes }: SnapshotContents): readonly (readonly string[])[] {
  return volumes.map(({ document: { name, kind, driver, entryCount, plainBytes } }) => [
    name,
    kind,
    driver,
    String(entryCount),
    formatBytes(plainBytes),
  ]);
}

function serviceRows({ project }: SnapshotContents): readonly (readonly string[])[] {
  return (project?.document.services ?? []).map(({ name, containers, dependsOn }) => [
    name,
    containers.join(', '),
    dependsOn.join(', '),
  ]);
}

function rootRows(roots: ReturnType<typeof snapshotRoots>): readonly (readonly string[])[] {
  return roots.map(({ name, kind, mountedAt }) => [
    name,
    kind,
    mountedAt.map(({ container, target }) => `${container}:${target}`).join(', '),
  ]);
}

function remarkRow({ kind, subject, detail }: Remark): readonly string[] {
  return [kind, subject, detail ?? ''];
}

function remarksOf({ containers, volumes }: SnapshotContents): readonly (Remark & { readonly of: string })[] {
  return [...containers, ...volumes].flatMap(({ document }) =>
    document.remarks.map((remark) => ({ of: document.name, ...remark })),
  );
}

function imageDocument({ id, tags, role, manifests }: SnapshotImage): Readonly<Record<string, unknown>> {
  return {
    id,
    tags,
    role,
    platforms: manifests.map(({ descriptor, platform, config, layers }) => ({
      platform: platformText(platform),
      manifestDigest: descriptor.digest,
      configDigest: config.digest,
      layers: layers.map(({ diffId, descriptor: stored, index }) => ({
        diffId,
        sizeBytes: index.plainBytes,
        storedDigest: stored.digest,
        storedBytes: stored.size,
        entries: index.entryCount,
      })),
    })),
  };
}
