import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { withoutHelpers } from '../core/engine/helperLabel.ts';
import type { ContainerSummary, ImageSummary, VolumeSummary } from '../core/engine/records.ts';
import { formatAge, formatBytes } from '../core/quantity.ts';
import type { ContainerNode, ImageNode, ProjectNode, VolumeNode } from '../views/node.ts';

interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** Asks for several; undefined when the person backs out or chooses none. */
async function pickMany<T>(choices: readonly Choice<T>[], title: string): Promise<readonly T[] | undefined> {
  const chosen = await vscode.window.showQuickPick(choices, {
    title,
    canPickMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
    placeHolder: placeHolder(choices.length),
  });
  return chosen === undefined || chosen.length === 0 ? undefined : chosen.map(({ value }) => value);
}

/** Asks for one; undefined when the person backs out. */
async function pickOne<T>(choices: readonly Choice<T>[], title: string): Promise<T | undefined> {
  const chosen = await vscode.window.showQuickPick(choices, {
    title,
    matchOnDescription: true,
    matchOnDetail: true,
    placeHolder: placeHolder(choices.length),
  });
  return chosen?.value;
}

function placeHolder(count: number): string {
  return count === 0 ? vscode.l10n.t('There is nothing to choose from') : vscode.l10n.t('Type to search');
}

function imageChoices(images: Iterable<ImageSummary>): Choice<ImageNode>[] {
  const now = Date.now();
  const choices = withoutHelpers(images).flatMap((image): Choice<ImageNode>[] => {
    const about = {
      description: shortDigest(image.id),
      detail: `${formatBytes(image.sizeBytes)} · ${formatAge(image.createdAtMs, now, vscode.env.language)}`,
    };
    if (image.tags.length === 0) {
      return [{ ...about, label: vscode.l10n.t('(no tag)'), value: { kind: 'image', id: image.id } }];
    }
    return image.tags.map((tag) => ({ ...about, label: tag, value: { kind: 'image', id: image.id, tag } }));
  });
  return choices.sort((a, b) => a.label.localeCompare(b.label));
}

export function pickImages(
  images: Iterable<ImageSummary>,
  title: string,
): Promise<readonly ImageNode[] | undefined> {
  return pickMany(imageChoices(images), title);
}

export function pickImage(images: Iterable<ImageSummary>, title: string): Promise<ImageNode | undefined> {
  return pickOne(imageChoices(images), title);
}

function containerChoices(containers: Iterable<ContainerSummary>): Choice<ContainerNode>[] {
  return withoutHelpers(containers)
    .map((container): Choice<ContainerNode> => {
      const name = container.names[0] ?? shortDigest(container.id);
      return {
        label: name,
        description: container.image,
        detail: container.status,
        value: { kind: 'container', id: container.id, name },
      };
    })
    .sort((a, b) => a.label.localeCompare(b.label));
}

export function pickContainers(
  containers: Iterable<ContainerSummary>,
  title: string,
): Promise<readonly ContainerNode[] | undefined> {
  return pickMany(containerChoices(containers), title);
}

export function pickContainer(
  containers: Iterable<ContainerSummary>,
  title: string,
): Promise<ContainerNode | undefined> {
  return pickOne(containerChoices(containers), title);
}

export function pickVolumes(
  volumes: Iterable<VolumeSummary>,
  title: string,
): Promise<readonly VolumeNode[] | undefined> {
  const choices = withoutHelpers(volumes).map((volume): Choice<VolumeNode> => ({
    label: volume.name,
    description: volume.driver,
    value: { kind: 'volume', name: volume.name },
  }));
  return pickMany(
    choices.sort((a, b) => a.label.localeCompare(b.label)),
    title,
  );
}

const projectLabel = 'com.docker.compose.project';

export function pickProjects(
  containers: Iterable<ContainerSummary>,
  title: string,
): Promise<readonly ProjectNode[] | undefined> {
  const projects = new Map<string, ContainerNode[]>();
  for (const { id, names, labels } of containers) {
    const project = labels[projectLabel] ?? '';
    const node: ContainerNode = { kind: 'container', id, name: names[0] ?? shortDigest(id) };
    if (project !== '') projects.set(project, [...(projects.get(project) ?? []), node]);
  }
  const choices = [...projects].map(([project, nodes]): Choice<ProjectNode> => ({
    label: project,
    description: nodes.map(({ name }) => name).join(', '),
    value: { kind: 'project', project, containers: nodes },
  }));
  return pickMany(
    choices.sort((a, b) => a.label.localeCompare(b.label)),
    title,
  );
}
