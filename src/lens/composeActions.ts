/** What stands above the images of a Compose file. Plain data, without VS Code. */
import type { ComposeFile, ComposeService } from '../core/compose/composeServices.ts';
import type { Digest } from '../core/digest.ts';
import type { ContainerSummary, ImageSummary } from '../core/engine/records.ts';
import type { Protection } from '../core/inspect/protection.ts';
import { isSameName } from '../core/oci/imageName.ts';
import { formatBytes } from '../core/quantity.ts';
import { backupWords, badgeOf } from '../views/backupBadge.ts';
import type { Wording } from '../views/viewItem.ts';
import { ageOf } from '../views/when.ts';
import type { LensAction } from './lensActions.ts';
import { plainName } from './lensWords.ts';

export interface ComposeActionsInput {
  readonly file: ComposeFile;
  /** The name of the folder that the file lies in: Compose calls the project so unless the file says another. */
  readonly folder: string;
  readonly images: ReadonlyMap<Digest, ImageSummary>;
  readonly containers: Iterable<ContainerSummary>;
  /** Absent where no vault is open. */
  readonly protection: Pick<Protection, 'image'> | undefined;
  /** The Dockerfile of a `build`, where it can be opened. */
  readonly dockerfileOf: (build: NonNullable<ComposeService['build']>) => unknown;
}

const projectLabel = 'com.docker.compose.project';

export function composeActions(input: ComposeActionsInput, wording: Wording): readonly LensAction[] {
  const { file, folder } = input;
  const project = projectName(file.name ?? folder);
  return [
    ...projectActions(input, project, wording),
    ...file.services.flatMap((service) => serviceActions(input, project, service, wording)),
  ];
}

/** As Compose makes a project's name of a folder's. */
export function projectName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

function projectActions(
  { file, containers }: ComposeActionsInput,
  project: string,
  { l10n }: Wording,
): readonly LensAction[] {
  const own = [...containers].filter(({ labels }) => labels[projectLabel] === project && project !== '');
  if (own.length === 0 || file.servicesLine === undefined) return [];
  const node = {
    kind: 'project',
    project,
    containers: own.map(({ id, names }) => ({ kind: 'container', id, name: names[0] ?? id.slice(0, 12) })),
  };
  const line = file.servicesLine;
  return [
    {
      line,
      title:
        own.length === 1
          ? l10n.t('{project} · 1 container', { project })
          : l10n.t('{project} · {count} containers', { project, count: own.length }),
    },
    { line, title: l10n.t('Back Up Project'), command: 'drydock.backUp', args: [node] },
  ];
}

function serviceActions(
  input: ComposeActionsInput,
  project: string,
  service: ComposeService,
  wording: Wording,
): readonly LensAction[] {
  const { l10n } = wording;
  const { name, image, build } = service;
  const line = image?.line ?? build?.line;
  if (line === undefined) return [];
  const found = imageOf(service, project, input.images);
  const dockerfile = build && input.dockerfileOf(build);
  const open: readonly LensAction[] =
    build === undefined || dockerfile === undefined
      ? []
      : [{ line: build.line, title: l10n.t('Open Dockerfile'), command: 'vscode.open', args: [dockerfile] }];
  if (image !== undefined && image.name === undefined)
    return [{ line, title: l10n.t('a variable says which image') }, ...open];
  if (found === undefined) {
    const wanted = image?.name ?? `${project}-${name}`;
    return [{ line, title: l10n.t('{name} · not on this engine', { name: plainName(wanted) }) }, ...open];
  }
  const { id, tags, sizeBytes, createdAtMs } = found.image;
  const node = { kind: 'image', id, tag: found.tag };
  const protection = input.protection?.image({ id, tags });
  const facts = [
    image === undefined ? found.tag : '',
    formatBytes(sizeBytes),
    ageOf(createdAtMs, wording),
    backupWords(badgeOf(protection), wording),
  ];
  return [
    {
      line,
      title: facts.filter((fact) => fact !== '').join(' · '),
      command: 'drydock.showHistory',
      args: [node],
    },
    { line, title: l10n.t('History'), command: 'drydock.showHistory', args: [node] },
    { line, title: l10n.t('Back Up'), command: 'drydock.backUp', args: [node] },
    ...open,
  ];
}

/** The image of a service, by its name; one that is only built is called after project and service. */
function imageOf(
  { name, image }: ComposeService,
  project: string,
  images: ReadonlyMap<Digest, ImageSummary>,
): { readonly image: ImageSummary; readonly tag: string } | undefined {
  const wanted = image === undefined ? [`${project}-${name}`, `${project}_${name}`] : [image.name ?? ''];
  for (const one of images.values()) {
    const [plain = '', digest] = (wanted[0] ?? '').split('@');
    if (digest !== undefined && one.repoDigests.some((known) => known.endsWith(`@${digest}`)))
      return { image: one, tag: one.tags[0] ?? plain };
    const tag = one.tags.find((each) => wanted.some((text) => isSameName(each, text)));
    if (tag !== undefined) return { image: one, tag };
  }
  return undefined;
}
