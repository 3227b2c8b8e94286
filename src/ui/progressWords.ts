import * as vscode from 'vscode';
import type { Phase } from '../core/progress.ts';
import type { Reading } from '../core/progressMeter.ts';
import { formatBytes, formatDuration } from '../core/quantity.ts';
import { shortVolumeName } from '../views/containerItem.ts';

/**
 * What a progress notification says after its title: `Reading · app:1 · 1.2 GB of 3.0 GB · 120 MB/s · 0:15 left`.
 * An item that the title names is not named again.
 */
export function progressWords(reading: Reading, title: string): string {
  const { item, doneBytes, totalBytes, bytesPerSecond, secondsLeft } = reading;
  const parts = [phaseWord(reading.phase)];
  if (item !== undefined && !title.includes(item)) parts.push(shortVolumeName(item));
  if (doneBytes === undefined) {
    if (reading.secondsInPhase >= 1) parts.push(formatDuration(reading.secondsInPhase));
  } else if (totalBytes === undefined || totalBytes < doneBytes) {
    parts.push(formatBytes(doneBytes));
  } else {
    parts.push(
      vscode.l10n.t('{done} of {total}', { done: formatBytes(doneBytes), total: formatBytes(totalBytes) }),
    );
  }
  if (bytesPerSecond !== undefined) parts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (secondsLeft !== undefined && totalBytes !== undefined && totalBytes >= (doneBytes ?? 0)) {
    parts.push(vscode.l10n.t('{time} left', { time: formatDuration(secondsLeft) }));
  }
  return parts.join(' · ');
}

function phaseWord(phase: Phase): string {
  switch (phase) {
    case 'preparing':
      return vscode.l10n.t('Preparing');
    case 'reading':
      return vscode.l10n.t('Reading');
    case 'writing':
      return vscode.l10n.t('Writing');
    case 'checking':
      return vscode.l10n.t('Checking');
    case 'sending':
      return vscode.l10n.t('Sending');
    case 'stopping':
      return vscode.l10n.t('Stopping');
    case 'finishing':
      return vscode.l10n.t('Finishing');
  }
}
