import type { BackupResult } from '../core/backup/backupResult.ts';
import type { TransportReason, TransportReport } from '../core/backup/transport.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Wording } from '../views/viewItem.ts';

type Words = Pick<Wording, 'l10n'>;

/** How images came from the engine and why so, a sentence for each way; none where the vault had them all. */
export function transportWords(
  results: readonly Pick<BackupResult, 'transport'>[],
  words: Words,
): readonly string[] {
  const ways = new Map<string, TransportReport>();
  // What came together is told by each of its snapshots.
  for (const came of new Set(results.flatMap(({ transport }) => transport ?? []))) {
    if (came.transport === 'none') continue;
    const way = `${came.transport} ${came.reason}`;
    const receivedBytes = came.receivedBytes + (ways.get(way)?.receivedBytes ?? 0);
    ways.set(way, { ...came, receivedBytes });
  }
  return [...ways.values()].map(({ transport, reason, detail, receivedBytes }) => {
    const facts = { size: formatBytes(receivedBytes), reason: reasonWords(reason, detail ?? reason, words) };
    return transport === 'delta'
      ? words.l10n.t('Only what was missing came ({size}): {reason}.', facts)
      : words.l10n.t('Whole images came ({size}): {reason}.', facts);
  });
}

function reasonWords(reason: TransportReason, detail: string, { l10n }: Words): string {
  switch (reason) {
    case 'nothingMissing':
      return l10n.t('the vault has all of it');
    case 'asked':
      return l10n.t('the setting asks for that');
    case 'mostIsThere':
      return l10n.t('the vault had the rest');
    case 'mostIsMissing':
      return l10n.t('the vault had little of them');
    case 'small':
      return l10n.t('they are small');
    case 'notOffered':
      return l10n.t('nothing listens for a push');
    case 'engineElsewhere':
      return l10n.t('the engine is not on this machine');
    case 'imageWithoutName':
      return l10n.t('an image has no name to be pushed by');
    case 'platformsAbsent':
      return l10n.t('an image lacks platforms that it lists, and the engine would not push all it has of it');
    case 'notReached':
      return l10n.t('the engine does not get to where Drydock listens ({detail})', { detail });
    case 'pushFailed':
      return l10n.t('the engine could not push what was missing ({detail})', { detail });
  }
}
