import { diffRemark, type DiffRemark } from '../diffRemark.ts';
import { Pacer } from '../archive/pacer.ts';
import type { FileTree } from '../fileTrees/fileTree.ts';
import { visibleName } from '../fileTrees/visibleName.ts';
import type { Operation } from '../progress.ts';
import { compareConfig } from './compareConfig.ts';
import { compareHistory } from './compareHistory.ts';
import { comparePackages } from './comparePackages.ts';
import { compareTrees, type TreeSums } from './compareTrees.ts';
import type { DiffReport, DiffSideFacts, Strictness } from './diffReport.ts';
import { isEngineMade } from './engineMade.ts';

export interface SidesToCompare {
  readonly left: FileTree;
  readonly right: FileTree;
  readonly strictness: Strictness;
}

/**
 * What differs between two sides: their files and packages, and where both are whole images or containers of them, config and history too.
 * Rejects with an AbortError.
 */
export async function makeDiffReport(
  { left, right, strictness }: SidesToCompare,
  operation: Operation,
): Promise<DiffReport> {
  const { signal, progress } = operation;
  progress.report({ phase: 'checking' });
  const compared = await compareTrees({ left, right, strictness }, { signal });
  const kinds = { left: left.kind, right: right.kind };
  const files =
    strictness === 'strict'
      ? compared.files
      : compared.files.filter((change) => !isEngineMade(change, kinds));
  const packages = await comparePackages({ left, right }, operation);
  const pacer = new Pacer();
  const images =
    isWhole(left) && isWhole(right) && left.image && right.image && ([left.image, right.image] as const);
  return {
    left: sideFacts(left, compared.left),
    right: sideFacts(right, compared.right),
    strictness,
    files,
    config: images ? await compareConfig(images[0].config, images[1].config, { strictness, pacer }) : [],
    history: images ? await compareHistory(...images, { strictness, pacer }) : [],
    packages: packages.changes,
    remarks: [
      ...unreadImageRemarks(left, right),
      ...guessRemarks(compared.guessedCount),
      ...takenAwayRemarks(left.name, compared.left),
      ...takenAwayRemarks(right.name, compared.right),
      ...madeRemarks(compared.files.length - files.length),
      ...packages.remarks,
    ],
  };
}

/** A config is of all layers together, and says nothing of some of them. */
function isWhole({ kind }: FileTree): boolean {
  return kind !== 'layers' && kind !== 'changes';
}

/** A container has a config and a history too, which only the bytes of its image tell. */
function unreadImageRemarks(left: FileTree, right: FileTree): readonly DiffRemark[] {
  const isMissing = ({ kind, image }: FileTree): boolean => kind === 'container' && image === undefined;
  const hasConfig = (side: FileTree): boolean =>
    isWhole(side) && (isMissing(side) || side.image !== undefined);
  if (!hasConfig(left) || !hasConfig(right)) return [];
  return [left, right]
    .filter(isMissing)
    .map(({ name }) => diffRemark('imageUnread', { name: visibleName(name) }));
}

function sideFacts({ name, kind }: FileTree, { fileCount, sizeBytes }: TreeSums): DiffSideFacts {
  return { name, kind, fileCount, sizeBytes };
}

function madeRemarks(count: number): readonly DiffRemark[] {
  return count === 0 ? [] : [diffRemark(count === 1 ? 'nameMade' : 'namesMade', { count })];
}

/** Layers alone also say what is to go from below them, of which the other side may know nothing. */
function takenAwayRemarks(name: string, { takenAway: { count, first } }: TreeSums): readonly DiffRemark[] {
  if (count === 0) return [];
  const examples = first.map((path) => visibleName(`/${path}`)).join(', ');
  const args = { name, count, examples: `${examples}${count > first.length ? ', …' : ''}` };
  return [diffRemark(count === 1 ? 'nameTakenAway' : 'namesTakenAway', args)];
}

function guessRemarks(count: number): readonly DiffRemark[] {
  return count === 0 ? [] : [diffRemark(count === 1 ? 'fileGuessed' : 'filesGuessed', { count })];
}
