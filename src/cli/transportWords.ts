import type { TransportReason, TransportReport } from '../core/backup/transport.ts';
import { formatBytes } from '../core/quantity.ts';

const reasonWords: Readonly<Record<TransportReason, string>> = {
  nothingMissing: 'the vault has all of it',
  asked: 'as asked for',
  mostIsThere: 'the vault has most of it',
  mostIsMissing: 'the vault lacks much of it',
  small: 'it is small',
  notOffered: 'nothing listens for a push',
  engineElsewhere: 'the engine is not on this machine',
  imageWithoutName: 'an image without a name would keep the one it is pushed by',
  platformsAbsent: 'the engine does not push all that it has of an image of which it lacks a platform',
  notReached: 'the engine does not get to where Drydock listens',
  pushFailed: 'the engine did not manage to push',
};

/** A line that says how images came and why so; none where none had to come. */
export function transportLine({
  transport,
  reason,
  detail,
  receivedBytes,
}: TransportReport): readonly string[] {
  if (transport === 'none') return [];
  const why = reasonWords[reason] + (detail === undefined ? '' : `: ${detail}`);
  const how = transport === 'delta' ? 'Only what was missing came (delta)' : 'Whole images came (stream)';
  return [`${how}, ${formatBytes(receivedBytes)}; ${why}`];
}
