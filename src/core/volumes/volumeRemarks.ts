import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { VolumeDetails } from '../engine/records.ts';
import type { EntryDifference } from './compareEntries.ts';
import { secretOptions } from './maskedOptions.ts';

/** Beyond so many only their number is told. */
const maxRemarks = 1000;

/** Remarks on entries, one for each path and kind. */
export class EntryRemarks {
  readonly #found = new Map<string, Remark>();
  #dropped = 0;

  add(remark: Remark): void {
    const key = `${remark.kind} ${remark.subject}`;
    if (this.#found.has(key)) return;
    if (this.#found.size < maxRemarks) this.#found.set(key, remark);
    else this.#dropped += 1;
  }

  /** What a second reading found otherwise than the first, whose entries are kept. */
  addDifference({ path, kind, fields }: EntryDifference): void {
    const subject = path === '' ? '.' : path;
    if (kind === 'missing') this.add({ kind: 'vanished', subject });
    else if (kind === 'added') this.add({ kind: 'changed', subject, detail: 'appeared' });
    else this.add({ kind: 'changed', subject, detail: fields.join(', ') });
  }

  list(): readonly Remark[] {
    if (this.#dropped === 0) return [...this.#found.values()];
    return [...this.#found.values(), { kind: 'other', subject: `+${this.#dropped}`, detail: 'changed' }];
  }
}

/** What is known of any volume beforehand: what engines don't hand out, and options that hold secrets. */
export function remarksOnVolume(details: VolumeDetails | undefined): readonly Remark[] {
  return [
    // The engine drops them without a word, so nobody can tell whether there are any.
    { kind: 'xattrs', subject: '.', detail: 'user.*, ACL, sockets' },
    ...(isForgetful(details?.options) ? [forgetfulRemark] : []),
    ...secretOptions(details?.options ?? {}).map((subject) => ({ kind: 'maskedOption' as const, subject })),
  ];
}

export const forgetfulRemark: Remark = {
  kind: 'tmpfs',
  subject: '.',
  detail: 'it is in memory, and empty again when no container uses it',
};

/** Whether a volume with these driver options keeps its data only while a running container has it mounted. */
export function isForgetful(options: Readonly<Record<string, string>> = {}): boolean {
  return options['type'] === 'tmpfs';
}
