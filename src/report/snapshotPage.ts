import { hexOf, shortDigest } from '../core/digest.ts';
import { formatBytes } from '../core/quantity.ts';
import type { SnapshotContents, SnapshotImage, SnapshotLayer } from '../core/snapshot/snapshot.ts';
import type { CapturedContainer, CapturedVolume, Remark } from '../core/snapshot/snapshotRecords.ts';
import type { FileEntry, RootFiles } from '../core/snapshotFiles/rootFiles.ts';
import { depthWords } from '../views/snapshotItem.ts';
import { kindWord } from '../views/sourceItem.ts';
import type { Wording } from '../views/viewItem.ts';
import { timeOf } from '../views/when.ts';
import { remarkKindWord } from './remarkWords.ts';
import type { PageFile, PageRoot, PageRow, PageSection, PageSnapshot } from './snapshotProtocol.ts';

/** What the page can have done with files. */
export interface PageAbilities {
  readonly extract: boolean;
  readonly putBack: boolean;
}

/** What a page shows of a snapshot; a page of a hundred thousand remarks would help nobody. */
const mostRemarks = 500;

export function pageSnapshot(
  contents: SnapshotContents,
  roots: readonly Pick<RootFiles, 'root'>[],
  abilities: PageAbilities,
  wording: Wording,
): PageSnapshot {
  const { l10n } = wording;
  const { snapshot } = contents;
  const { source, verified, damaged } = snapshot;
  const facts: readonly (readonly [string, string])[] = [
    [l10n.t('Kind'), kindWord(source.kind, wording)],
    [l10n.t('Created'), timeOf(snapshot.createdMs, wording)],
    [l10n.t('Engine'), source.engineName],
    [l10n.t('Size'), formatBytes(snapshot.plainBytes)],
    [l10n.t('New in the vault'), formatBytes(snapshot.newBytes)],
    [
      l10n.t('Verified'),
      verified === undefined
        ? l10n.t('not verified')
        : `${timeOf(verified.atMs, wording)} · ${depthWords(verified.depth, wording)}`,
    ],
    [l10n.t('Pinned'), snapshot.isPinned ? l10n.t('yes') : ''],
    [l10n.t('Tags'), snapshot.tags.join(', ')],
    [l10n.t('Name in the vault'), snapshot.refName],
    [l10n.t('ID'), hexOf(snapshot.id)],
  ];
  return {
    name: source.name,
    facts: facts.filter(([, text]) => text !== ''),
    alert:
      damaged === undefined ? '' : l10n.t('This snapshot is damaged: {reason}', { reason: damaged.reason }),
    sections: sectionsOf(contents, wording),
    remarks: remarksOf(contents).map(({ kind, subject, detail }) => ({
      kind: remarkKindWord(kind, wording),
      subject,
      detail: detail ?? '',
    })),
    roots: roots.map(({ root }) => pageRoot(root, abilities, wording)),
  };
}

/** Entries of a folder as the page lists them: folders first. */
export function pageFiles(entries: readonly FileEntry[]): readonly PageFile[] {
  return entries
    .map((entry): PageFile => ({
      name: entry.name,
      path: entry.path,
      type: typeOf(entry),
      facts: [
        entry.type === 'file' ? formatBytes(entry.sizeBytes) : '',
        entry.link === undefined ? '' : `→ ${entry.link}`,
        (entry.mode & 0o7777).toString(8).padStart(4, '0'),
        `${entry.uid}:${entry.gid}`,
      ]
        .filter((part) => part !== '')
        .join(' · '),
    }))
    .sort((a, b) => Number(b.type === 'folder') - Number(a.type === 'folder'));
}

function typeOf({ type }: FileEntry): PageFile['type'] {
  switch (type) {
    case 'directory':
      return 'folder';
    case 'file':
      return 'file';
    case 'symlink':
    case 'hardlink':
      return 'link';
    default:
      return 'other';
  }
}

function pageRoot({ name, kind }: RootFiles['root'], abilities: PageAbilities, wording: Wording): PageRoot {
  const { l10n } = wording;
  const words = {
    image: l10n.t('image'),
    container: l10n.t('container'),
    volume: l10n.t('volume'),
    bind: l10n.t('folder of the host'),
  };
  return {
    name,
    label: `${name} (${words[kind]})`,
    canExtract: abilities.extract,
    canPutBack: abilities.putBack && (kind === 'volume' || kind === 'container'),
  };
}

function sectionsOf(contents: SnapshotContents, wording: Wording): readonly PageSection[] {
  const { l10n } = wording;
  const { images, containers, volumes, project } = contents;
  const services = project?.document.services ?? [];
  const sections: readonly PageSection[] = [
    {
      title: l10n.t('Services'),
      rows: services.map(({ name, containers: names, dependsOn }) => ({
        name,
        facts: names.join(', '),
        lines: dependsOn.length === 0 ? [] : [l10n.t('needs {names}', { names: dependsOn.join(', ') })],
      })),
    },
    {
      title: l10n.t('Containers'),
      rows: containers.map(({ document }) => containerRow(document, wording)),
    },
    {
      title: l10n.t('Volumes'),
      rows: volumes.map(({ document, parts }) => volumeRow(document, parts, wording)),
    },
    {
      title: l10n.t('Images'),
      rows: images.filter(({ role }) => role === 'image').map((image) => imageRow(image, wording)),
    },
    {
      title: l10n.t('Files of the project'),
      rows: (project?.document.files ?? []).map(({ path, sizeBytes }) => ({
        name: path,
        facts: formatBytes(sizeBytes),
        lines: [],
      })),
    },
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

function containerRow(document: CapturedContainer, { l10n }: Wording): PageRow {
  return {
    name: document.name,
    facts: `${document.imageName} · ${document.state}`,
    lines: [
      ...document.mounts.map(({ type, name, source, target, isIncluded }) => {
        const from = name === '' ? (source === '' ? type : source) : name;
        const text = `${from} → ${target}`;
        return isIncluded ? text : l10n.t('{mount} (not included)', { mount: text });
      }),
      ...document.networks.map(({ name }) => l10n.t('network {name}', { name })),
    ],
  };
}

function volumeRow(document: CapturedVolume, parts: readonly SnapshotLayer[], { l10n }: Wording): PageRow {
  const files =
    document.entryCount === 1 ? l10n.t('1 entry') : l10n.t('{count} entries', { count: document.entryCount });
  const pieces = parts.length > 1 ? l10n.t('{count} parts', { count: parts.length }) : '';
  return {
    name: document.name,
    facts: [
      formatBytes(document.plainBytes),
      files,
      pieces,
      document.driver === 'local' ? '' : document.driver,
    ]
      .filter((part) => part !== '')
      .join(' · '),
    lines: [],
  };
}

function imageRow({ id, tags, manifests }: SnapshotImage, { l10n }: Wording): PageRow {
  const platforms = manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`);
  const layers = manifests[0]?.layers.length ?? 0;
  return {
    name: tags[0] ?? shortDigest(id),
    facts: [shortDigest(id), ...platforms, l10n.t('{count} layers', { count: layers })].join(' · '),
    lines: tags.slice(1),
  };
}

function remarksOf({ containers, volumes }: SnapshotContents): readonly Remark[] {
  return [...containers, ...volumes]
    .flatMap(({ document: { name, remarks } }) =>
      remarks.map((remark) => ({
        ...remark,
        subject: remark.subject === '.' ? name : `${name}: ${remark.subject}`,
      })),
    )
    .slice(0, mostRemarks);
}
