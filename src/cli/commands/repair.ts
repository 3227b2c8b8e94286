import { isNothingWrong, planRepair, type RepairPlan } from '../../core/maintenance/planRepair.ts';
import { repairVault, type RepairResult } from '../../core/maintenance/repairVault.ts';
import { shortDigest, type Digest } from '../../core/digest.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { readSnapshots } from '../../core/snapshot/snapshots.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import type { Command, Report } from '../command.ts';
import { vaultOption } from '../options.ts';
import { exitCodes } from '../exitCode.ts';
import { CliFailure } from '../failures.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { isRegistryVault } from '../../core/registry/registryVaultName.ts';
import { openChosenFolder, openChosenVault, openVaultAt, vaultPath } from '../vaultOption.ts';
import { problemLine } from './verify.ts';

export const repair: Command = {
  name: 'repair',
  summary: 'Mend a vault, with good copies from another one; without --yes only say what that would do',
  usage: '[--from FOLDER] [--drop-damaged] [--yes]',
  details: [
    'Damaged blobs are replaced by the other vault’s, after those were read through. What has no good copy is put to drydock/damaged in the vault, and the snapshots that need it stay listed as damaged, unless --drop-damaged is given.',
    'Where index.json can’t be read a new one is made of the snapshots that are found in the blobs. Their pins and what was changed of their tags are lost then.',
    'Ends with 1 when something is wrong and --yes was not given, with 3 when something stays wrong.',
  ],
  takes: { least: 0, most: 0 },
  options: {
    ...vaultOption,
    from: { value: 'VAULT', help: 'the vault to take good copies from, one in a registry too' },
    'drop-damaged': { help: 'remove snapshots that can’t be mended, but for pinned ones' },
    yes: { help: 'do it' },
  },
  async run(context, args) {
    const [other, isDropping] = [args.text('from'), args.isSet('drop-damaged')];
    const isDone = args.isSet('yes');
    const advice =
      'Copy the snapshots there again from a vault that has them whole; `drydock verify` names what is wrong.';
    if (isRegistryVault(vaultPath(context, args))) await openChosenFolder(context, args, advice);
    const vault = await openChosenVault(context, args, isDone ? 'write' : 'read');
    const from = other === undefined ? undefined : await openVaultAt(context, other, 'read');
    const sources = { vault, ...(from && { from }) };
    if (!isDone) return planReport(await planRepair(sources, context.operation), isDropping);
    const deps = { ...sources, owner: await currentProcess() };
    const result = await repairVault(deps, { isDropping }, context.operation);
    return resultReport(result, await readSnapshots(vault, context.operation));
  },
};

function planReport(plan: RepairPlan, isDropping: boolean): Report {
  const isWhole = isNothingWrong(plan);
  const named = new Map(plan.damaged.map(({ id, refName }) => [id, refName]));
  const doomed = isDropping ? plan.damaged.filter(({ isPinned }) => !isPinned) : [];
  return {
    document: {
      isWhole,
      brokenIndex: plan.brokenIndex ?? null,
      relisted: plan.relisted.map(snapshotDocument),
      accepted: plan.accepted,
      fetched: plan.fetched,
      setAside: plan.setAside,
      lost: plan.lost,
      damaged: plan.damaged.map(snapshotDocument),
      dropped: doomed.map(({ id }) => id),
    },
    text: () =>
      isWhole
        ? ['Nothing is wrong']
        : [
            ...(plan.brokenIndex === undefined
              ? []
              : [
                  `index.json can’t be read (${plan.brokenIndex}): a new one would be made; pins and changed tags are lost`,
                ]),
            ...plan.relisted.map(({ refName }) => `Would list again: ${refName}`),
            ...plan.accepted.map((id) => `Would take a changed entry as it is: ${shortDigest(id)}`),
            ...plan.fetched.map((digest) => `Would fetch a good copy: ${digest}`),
            ...plan.setAside.map((digest) => `Would put to drydock/damaged: ${digest}`),
            ...plan.lost.map((problem) => `Lost: ${problemLine(problem, nameIn(named))}`),
            ...doomed.map(({ refName }) => `Would remove: ${refName}`),
          ],
    quiet: plan.lost.flatMap(({ digest }) => digest ?? []),
    ...(isWhole
      ? {}
      : {
          error: new CliFailure(
            'repairNeeded',
            'Not everything is right. Nothing was changed; add --yes to do this.',
            {
              exitCode: exitCodes.failed,
            },
          ),
        }),
  };
}

function resultReport(result: RepairResult, snapshots: readonly Snapshot[]): Report {
  const { isIndexNew, relisted, accepted, fetched, setAside, dropped, problems } = result;
  const named = new Map(snapshots.map(({ id, refName }) => [id, refName]));
  return {
    document: { ...result, dropped: dropped.map(snapshotDocument) },
    text: () => [
      ...(isIndexNew ? ['Made a new index.json; the old one is in drydock/damaged'] : []),
      ...relisted.map((id) => `Listed again: ${nameIn(named)(id)}`),
      ...accepted.map((id) => `Took a changed entry as it is: ${nameIn(named)(id)}`),
      ...fetched.map((digest) => `Fetched a good copy: ${digest}`),
      ...setAside.map((digest) => `Put to drydock/damaged: ${digest}`),
      ...dropped.map(({ refName }) => `Removed: ${refName}`),
      ...problems.map((problem) => `Still wrong: ${problemLine(problem, nameIn(named))}`),
      ...(problems.length === 0 ? ['Every byte of the vault was read, and nothing is wrong any more'] : []),
    ],
    quiet: problems.flatMap(({ digest }) => digest ?? []),
    ...(problems.length === 0
      ? {}
      : {
          error: new CliFailure(
            'repairPartly',
            'Not everything could be mended. Another vault may have what is missing: add --from FOLDER.',
            { exitCode: exitCodes.partly },
          ),
        }),
  };
}

function nameIn(named: ReadonlyMap<Digest, string>): (id: Digest) => string {
  return (id) => named.get(id) ?? shortDigest(id);
}
