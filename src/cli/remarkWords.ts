import type { Remark } from '../core/snapshot/snapshotRecords.ts';

const sentences: Readonly<Record<Remark['kind'], (subject: string) => string>> = {
  changed: (subject) => `${subject} changed while it was read`,
  vanished: (subject) => `${subject} vanished while it was read`,
  socket: (subject) => `the socket ${subject} is not kept`,
  notRead: (subject) => `${subject} could not be read`,
  bind: (subject) => `the mounted folder ${subject} is not included`,
  tmpfs: (subject) => `what lies in memory at ${subject} is not included`,
  device: (subject) => `the device ${subject} is not included`,
  secret: (subject) => `${subject} looks like a secret, and is in the snapshot`,
  xattrs: () => 'the engine gives no extended attributes but capabilities',
  maskedOption: (subject) => `the value of the option ${subject} is not kept`,
  notPaused: (subject) => `${subject} did not stand still`,
  hookFailed: (subject) => `the hook of ${subject} failed`,
  anonymousVolume: (subject) => `the volume at ${subject} has no name of its own`,
  other: (subject) => subject,
};

/** One line for what is not in a snapshot, or not as it was at one moment. */
export function remarkWords({ kind, subject, detail }: Remark): string {
  const words = sentences[kind](subject);
  return detail === undefined || detail === '' ? words : `${words} (${detail})`;
}
