/** Why packed bytes can't be unpacked; the caller adds the archive's name and the place. */
export class BadFrame extends Error {
  /** `cut`: more was to come; `junk`: no packed data starts here; `corrupt`: it contradicts itself. */
  readonly fault: 'cut' | 'junk' | 'corrupt' | 'unsupported';

  constructor(message: string, fault: 'cut' | 'junk' | 'corrupt' | 'unsupported', cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}
