import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { formatBytes } from '../core/quantity.ts';
import type { SnapshotImage } from '../core/snapshot/snapshot.ts';
import type { PushedImage } from '../core/transfer/pushImage.ts';
import type { PushedSnapshot } from '../core/transfer/pushSnapshot.ts';

/** What was pushed, and where it is. */
export type PushedOne = { readonly name: string } & (PushedImage | PushedSnapshot);

/** What people call an image. */
export function shortImage({ id, tags }: Pick<SnapshotImage, 'id' | 'tags'>): string {
  return tags[0] ?? shortDigest(id);
}

/** Tells what travelled, that it was read back, and what is other than somebody may think. */
export async function tellPushed(pushed: readonly PushedOne[]): Promise<void> {
  const [first] = pushed;
  if (first === undefined) return;
  const sum = (of: (one: PushedOne) => number): string =>
    formatBytes(pushed.reduce((all, one) => all + of(one), 0));
  const sizes = { sent: sum(({ sentBytes }) => sentBytes), total: sum(({ totalBytes }) => totalBytes) };
  const sentences = [
    pushed.length === 1
      ? vscode.l10n.t('Pushed and read back: {name} ({sent} sent of {total}).', {
          ...sizes,
          name: first.name,
        })
      : vscode.l10n.t('Pushed and read back: {count} snapshots ({sent} sent of {total}).', {
          ...sizes,
          count: pushed.length,
        }),
    ...(pushed.some((one) => 'isRewritten' in one && one.isRewritten)
      ? [
          vscode.l10n.t(
            'Its digest is not that in the vault, since its layers or its list of platforms changed.',
          ),
        ]
      : []),
    ...(pushed.some((one) => 'form' in one && one.form === 'parcel')
      ? [
          vscode.l10n.t(
            'The registry wants every platform, so it lies there as a parcel that Drydock can read.',
          ),
        ]
      : []),
  ];
  const copy = vscode.l10n.t('Copy Reference');
  const chosen = await vscode.window.showInformationMessage(sentences.join(' '), copy);
  if (chosen === copy) await vscode.env.clipboard.writeText(pushed.map(({ name }) => name).join('\n'));
}
