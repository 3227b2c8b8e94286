/** What findings are about. Their words stand in `findingTemplates.ts`. */
export const findingCodes = [
  'packageCache',
  'deletedLater',
  'copiedFiles',
  'repeatedChange',
  'logs',
  'temporaryFiles',
  'buildTools',
  'secretFile',
  'hiddenSecretFile',
  'secretContent',
  'secretVariable',
  'secretHistory',
  'setuidFiles',
  'rootUser',
  'noHealthcheck',
  'remoteAdd',
  'floatingTag',
] as const;
export type FindingCode = (typeof findingCodes)[number];

/** Worst first. */
export const severities = ['high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/** Something about an image that its makers can do better. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What goes into the places of its words. */
  readonly args: Readonly<Record<string, string>>;
  /** The layer it is about, from 0, the bottom one; left out where it is about the config. */
  readonly place?: number;
  /** The instruction it is about, secrets masked. */
  readonly instruction?: string;
  /** It is about a layer of the base image: only that one's makers can mend it. */
  readonly isBase: boolean;
  /** Bytes of files that can be seen: what an image without them would be smaller by. */
  readonly savedBytes: number;
  /** Bytes that later layers have replaced or deleted, and that the image carries all the same. */
  readonly wastedBytes: number;
  /** The largest, as `entryNames.ts` writes paths; at most {@link mostPaths}. */
  readonly paths: readonly string[];
  readonly pathCount: number;
}

export const mostPaths = 10;

/** How grave bytes are that nobody needs. */
export function severityOf(bytes: number): Severity {
  if (bytes >= 100_000_000) return 'high';
  return bytes >= 10_000_000 ? 'medium' : 'low';
}
