import type { LayeredImage } from '../../layers/layeredImage.ts';
import type { Origin } from '../../layers/mergeLayers.ts';
import type { TreeNode } from '../../layers/treeNode.ts';
import type { Operation } from '../../progress.ts';
import type { WasteAnalysis } from '../analyzeWaste.ts';
import { configFindings } from './configFindings.ts';
import {
  groupSecretContents,
  mayHoldSecret,
  usualContentLimits,
  type ContentLimits,
  type ContentReader,
  type LookedInto,
} from './contentFindings.ts';
import { FileGroups, type FileGroup } from './fileGroups.ts';
import { severities, severityOf, type Finding, type FindingCode, type Severity } from './finding.ts';
import { imageFacts, type ImageFacts } from './imageFacts.ts';
import { groupVisibleFiles, type SeenFile } from './visibleFiles.ts';
import { groupWastedFiles } from './wastedGroups.ts';

export interface FindingsInput {
  readonly image: LayeredImage;
  readonly waste: WasteAnalysis;
  /** Its files as a container sees them. */
  readonly root: TreeNode<Origin>;
  /** How many of its lowest layers are the base image's, where that is known. */
  readonly baseLayers?: number;
  /** Gives what files hold; without it, files are judged by their names. */
  readonly reader?: ContentReader;
  readonly limits?: ContentLimits;
}

export interface Findings {
  /** Worst first, those of the base image last. */
  readonly findings: readonly Finding[];
  /** How many of the lowest layers count as the base image's. */
  readonly baseLayers: number;
  /** Absent where nothing could give what files hold. */
  readonly lookedInto?: LookedInto;
}

/** Below this, bytes are not worth a word. */
const fewBytes: Partial<Record<FindingCode, number>> = {
  packageCache: 64_000,
  logs: 100_000,
  temporaryFiles: 100_000,
  copiedFiles: 100_000,
  repeatedChange: 20_000,
  deletedLater: 100_000,
  buildTools: 1_000_000,
};

const fixedSeverities: Partial<Record<FindingCode, Severity>> = {
  secretFile: 'high',
  hiddenSecretFile: 'high',
  secretContent: 'high',
  setuidFiles: 'low',
};

/**
 * What the makers of an image can do better: by the files that can be seen, by what its layers have brought for
 * nothing, and by its config and history. A root file system at the bottom that was made elsewhere counts as the base
 * image also where none is named. Rejects with an AbortError; a file that can't be read is told of in `lookedInto`.
 */
export async function findFindings(
  { image, waste, root, baseLayers = 0, reader, limits = usualContentLimits }: FindingsInput,
  operation: Operation,
): Promise<Findings> {
  const facts = imageFacts(image);
  const base = Math.max(baseLayers, facts.isUnpacked && isSystem(root) ? 1 : 0);
  const groups = new FileGroups();
  const toLookInto: SeenFile[] = [];
  const onFile = (seen: SeenFile): void => {
    const { path, file } = seen;
    if (file.layer.place >= base && mayHoldSecret({ path, sizeBytes: file.sizeBytes }, limits))
      toLookInto.push(seen);
  };
  await groupVisibleFiles(root, groups, onFile, operation.signal);
  await groupWastedFiles(waste.wasted, groups, operation.signal);
  const lookedInto = reader && (await groupSecretContents(toLookInto, { reader, limits, groups }, operation));
  const findings = [
    ...groupFindings(groups.all(), facts, base),
    ...configFindings(facts, image.layers.length, base),
  ];
  return {
    findings: findings.toSorted(compare),
    baseLayers: base,
    ...(lookedInto && { lookedInto }),
  };
}

/** Whether the lowest layer brought an operating system. */
function isSystem(root: TreeNode<Origin>): boolean {
  return systemFiles.some((parts) => {
    let node: TreeNode<Origin> | undefined = root;
    for (const part of parts) node = node?.children?.get(part);
    return node?.file?.layer.place === 0;
  });
}

const systemFiles = ['etc/os-release', 'usr/lib/os-release', 'bin/busybox', 'bin/sh', 'usr/bin/dash'].map(
  (path) => path.split('/'),
);

function groupFindings(
  groups: readonly FileGroup[],
  facts: ImageFacts,
  baseLayers: number,
): readonly Finding[] {
  const tools = Map.groupBy(
    groups.filter(({ code }) => code === 'buildTools'),
    ({ place }) => place,
  );
  const others = groups.filter(({ code }) => code !== 'buildTools');
  // An image that people build in has its tools rightly.
  const built = facts.hasProgram ? [...tools.values()].map(toolsTogether) : [];
  return [...others, ...built]
    .filter(({ code, savedBytes, wastedBytes }) => savedBytes + wastedBytes >= (fewBytes[code] ?? 0))
    .map((group): Finding => {
      const { code, args, place, savedBytes, wastedBytes, largest, pathCount } = group;
      const instruction = facts.instructionAt(place);
      return {
        code,
        severity: fixedSeverities[code] ?? severityOf(savedBytes + wastedBytes),
        args,
        place,
        ...(instruction !== undefined && { instruction }),
        isBase: place < baseLayers,
        savedBytes,
        wastedBytes,
        paths: largest.map(({ path }) => path),
        pathCount,
      };
    });
}

function toolsTogether(groups: readonly FileGroup[]): FileGroup {
  const sum = (of: (group: FileGroup) => number): number =>
    groups.reduce((total, group) => total + of(group), 0);
  return {
    code: 'buildTools',
    args: {
      tools: groups
        .map(({ args }) => args['tool'] ?? '')
        .toSorted()
        .join(', '),
    },
    place: groups[0]?.place ?? 0,
    savedBytes: sum(({ savedBytes }) => savedBytes),
    wastedBytes: sum(({ wastedBytes }) => wastedBytes),
    pathCount: sum(({ pathCount }) => pathCount),
    largest: groups
      .flatMap(({ largest }) => largest)
      .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
      .slice(0, 10),
  };
}

function compare(one: Finding, other: Finding): number {
  return (
    Number(one.isBase) - Number(other.isBase) ||
    severities.indexOf(one.severity) - severities.indexOf(other.severity) ||
    bytesOf(other) - bytesOf(one)
  );
}

function bytesOf({ savedBytes, wastedBytes }: Finding): number {
  return savedBytes + wastedBytes;
}
