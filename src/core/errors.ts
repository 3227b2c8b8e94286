/**
 * Every failure a person can be shown, on one page.
 *
 * A sentence names the thing and the next step. Places in braces are filled from the arguments, in English here
 * and in the user's language by the UI, which looks the template up in its own bundle. `code` is the key: it is
 * stable, and scripts may test for it.
 */
const templates = {
  // Engine
  engineUnreachable: 'No engine answers at {endpoint}. Start it, or choose another engine.',
  engineDenied:
    'The engine at {endpoint} denies access. Add your user to its group, or choose another engine.',
  engineTooOld:
    'The engine at {endpoint} speaks API {found}; Drydock needs {needed} or newer. Update the engine.',
  engineTimeout: 'The engine did not answer "{call}" within {seconds} s. Check the engine, then try again.',
  engineRefused: 'The engine refused "{call}": {reason}',
  engineGarbled:
    'The engine answered "{call}" with something that can’t be read ({reason}). Check the engine’s version.',
  engineNotFound: 'The engine has no {kind} "{name}". Check the name; it may have been removed.',
  podmanTooOld:
    'Podman {found} gives the files of volumes without their owners, so they can’t be backed up whole. Update Podman to {needed} or newer.',
  engineConflict: 'The engine can’t do this to {name} now: {reason}',
  streamCut: 'The engine broke off "{call}" after {bytes} bytes. Nothing was kept; try again.',
  streamError: 'The engine failed in the middle of "{call}": {reason}',
  contextUnknown:
    'There is no Docker context "{name}". `docker context ls` lists them; choose another engine.',
  contextBroken: 'The Docker context "{name}" can’t be used: {reason}',
  endpointUnsupported:
    'The engine address "{endpoint}" is of a kind that Drydock can’t use. Use unix://, npipe://, tcp:// or ssh://.',
  engineAnswerCut:
    'The connection was lost while the engine answered "{call}". Check whether it was done before you try again.',
  engineUntrusted: 'The engine at {endpoint} can’t be trusted: {reason}',
  engineSshFailed:
    'ssh could not reach the engine at {endpoint}: {reason}. Check that `ssh` and `docker` work there.',
  loadFailed: 'The engine could not load the archive: {reason}',

  // Digests, JSON, OCI
  badDigest: '"{text}" in {where} is not a sha256 digest.',
  badJson: '{where} is not what it should be: {reason}',
  packageListBad: '{name} can’t be read as a list of packages: {reason}',

  // Dockerfiles
  dockerfileTooLarge: 'This Dockerfile has more than {limit}, so Drydock does not read it.',

  // Archives
  notAnArchive: '{name} is not an image archive.',
  archiveEmpty: '{name} is an archive without any image in it.',
  archiveCut: '{name} is cut off: it ends inside {entry}.',
  archiveNoEnd: '{name} has no end mark, so a part of it may be missing.',
  archiveTrailing: '{name} has something after its end that does not belong there: {reason}',
  archiveCorrupt: '{name} is damaged at byte {offset}: {reason}',
  archiveBadHeader: '{name} is damaged: the header at byte {offset} is not valid ({reason}).',
  archiveUnsafePath: '{name} holds an entry with an unsafe path ("{path}"), so nothing of it was used.',
  archiveTooLarge: '{name} is over a limit that guards against hostile files: {reason}',
  archiveMissing: '{name} lacks {missing}, which {by} needs.',
  archiveCyclic: '{name} refers to itself in a circle at {where}.',
  archiveWrongSize: '{entry} in {name} has {found} bytes where {expected} were stated.',
  archiveWrongDigest: '{entry} in {name} has the digest {found} where {expected} was stated.',
  archiveWrongDiffId:
    'Layer {layer} of {image} in {name} unpacks to {found} where its config states {expected}.',
  archiveLayerCount: '{image} in {name} has {layers} layers but its config lists {diffIds}.',
  archiveUnsupported: '{name} uses {what}, which Drydock can’t read.',
  checksumDiffers:
    '{name} does not match its checksum in {checksum}. Fetch the archive again, or remove that file if it is out of date.',
  archiveChanged: '{name} changed while it was being read. Try again when nothing writes to it.',

  // Use cases
  nothingSelected: 'Nothing was chosen to {verb}.',
  fileExists: '{path} exists already. Choose another name, or allow it to be replaced.',
  fileMissing: 'There is no file {path}.',
  folderMissing: 'There is no folder {path}. Create it, or choose another place.',
  fileUnusable: '{path} can’t be used: {reason}',
  diskFull:
    'The disk of {path} has {free} free, and {needed} are needed. Make room, or choose another place.',
  diskFilledUp: 'The disk of {path} ran full. Nothing was kept; make room, or choose another place.',
  copiesTooLarge:
    '{path} has {size}, and large files that are open at the same time may have {limit} together. Close some of them, or extract it instead.',
  imageWithoutLayers:
    '{name} has no layers, and the engine can’t save such an image. Leave it out; its Dockerfile makes it again.',
  tagMoved: '{tag} no longer points to the image that was chosen. Refresh, then try again.',
  verifyMismatch:
    '{name} was written, but reading it back found {found} where {expected} was expected. It was removed; try again.',
  loadMismatch: 'The engine reports success for {name}, but {reason}.',
  rootfsEmpty: '{name} holds no files, so there is nothing to import.',
  rollbackFailed:
    '{name} could not be loaded ({reason}), and putting things back failed too. Look at these tags: {tags}.',
  nameTaken: 'The name {name} is taken by another image. Choose another one.',
  badReference: '"{text}" is not a valid image name. Use repository:tag in lower case.',
  badChange: '"{text}" is not a change that commit understands. Use one of {allowed}.',
  snapshotUnknown: 'The vault has no snapshot "{text}". Look at the list of its snapshots.',
  notExactlyOne: '"{text}" matches {count} {kind}. Give more of the ID, or the name.',
  partlyFailed: '{failed} of {total} failed.',

  // Vault
  stopWouldRemove: 'The engine removes {name} as soon as it is stopped. Choose to pause it instead.',
  hookLabelBad: 'The label {label} of {name} can’t be used: "{text}". See the documentation of backup hooks.',
  hookFailed:
    'The command that {name} wants run before a backup failed: {reason}. Nothing was backed up; look at its label {label}.',
  hookAfterFailed:
    'The command that {name} wants run after a backup failed too: {reason}. Undo by hand what the one before it did; look at its label {label}.',
  readingStuck:
    'Nothing came from {name} for {seconds} s, so its backup was given up and what stood still goes on. See whether the engine and the disk of the vault answer, then try again.',
  notPutBack:
    '{names} could not be put back as before ({reason}). Start or resume them; Drydock tries again when it next opens the vault.',
  vaultNotEmpty: '{path} is neither empty nor a vault. Choose an empty folder.',
  vaultExists: '{path} is a vault already. Open it instead of making one.',
  notAVault: '{path} is not a vault: {reason}. Choose another folder, or make a vault in an empty one.',
  vaultTooNew:
    'The vault {path} has format {found}, and this Drydock writes format {known}. Update Drydock to change it.',
  vaultInRegistry:
    'The vault {path} lies in a registry, where this can’t be done. Work with a vault in a folder, and copy its snapshots there.',
  partlyForgotten: 'Of the vault {vault} only {names} went; then it failed: {reason}',
  badVaultPlace:
    '"{text}" names no vault in a registry. Write it like registry://HOST/REPOSITORY, without a tag.',
  vaultReadOnly: 'The vault {path} was opened to be read only, so nothing can be stored in it.',
  vaultInUse:
    'The vault {path} is in use by {who} on {host} (process {pid}) since {since}. Try again when that is done.',
  vaultLockLost:
    'The lock on the vault {path} was taken away, so the work stopped before it changed more. Try again.',
  vaultRefTaken: 'The vault {path} has a snapshot named {name} already. Try again.',
  vaultJournalBroken:
    'The note of an unfinished operation at {path} can’t be read ({reason}). Look for what it left, then delete it.',
  blobMissing: 'The vault {vault} lacks the blob {digest}. Verify the vault, and repair it from another one.',
  blobDamaged:
    'The blob {digest} in the vault {vault} is damaged: {reason}. Verify the vault, and repair it from another one.',
  blobMismatch:
    'What should have been stored as {expected} came as {found}. Nothing of it was kept; try again.',

  // Files in snapshots
  treeTooLarge:
    '{name} has more than {limit} files, too many to be shown at once. Open one of its folders, or one file.',
  pathMissing: 'There is no {path} in {name}.',
  pathIsNot: '{path} in {name} is not a {kind}.',
  pathUnreadable: '{path} in {name} can’t be read: {reason}',
  fileDamaged: '{path} in {name} is damaged: {reason}. Verify the vault, and repair it from another one.',
  sourceChanged: '{path} changed while it was read. Try again when nothing writes to it.',
  uploadCut:
    'Not all of it came into {name}: {reason}. Some of {path} may be there, and no engine can take that away.',
  uploadDiffers:
    'Files were sent into {name}, but {path} there is not as it is here ({what}). Look at it before you go on.',
  fileChanged: '{path} in {name} is not as it was listed: {reason}. Refresh, and try again.',
  badPattern: '"{text}" can’t be used as a pattern: {reason}.',
  findTooMany: '"{pattern}" matches more than {limit} files. Give more of the name.',
  pathClash: '{path} and {other} in {name} would be one file on this disk. Extract them one by one.',
  ownersDenied:
    'Only the administrator (root) can give files their owners. Leave the owners out, or run it as root.',
  putBackDiffers:
    'Files were put back into {name}, but {path} is not as it was ({what}). Look at it before you go on.',
  putBackDenied:
    'A Podman gives all files of the container {name} to root. Extract the files, and copy them in yourself.',
  rootMissing: '{name} holds nothing named {root}. It holds {known}.',
  rootUnclear: '{name} holds several file systems: {known}. Say which one.',

  // Restore
  notInSnapshot: 'The snapshot has no "{name}". It has: {known}.',
  restoreBlocked: '{name} can’t be restored as planned: {reason}',
  restoreTaken: '{name} has come to be there since the restore was planned. Plan it again.',
  restoreNotHealthy:
    'The new {name} did not become healthy ({reason}). It was removed, and what was there before is back.',
  restoreRollbackFailed:
    'Restoring {name} failed ({reason}), and putting things back failed too: {left}. The vault keeps the note and will try again.',

  // Moving
  moveSameEngine: 'Both are the same engine ({endpoint}). Choose another one.',
  moveBlocked: '{name} can’t be moved as planned: {reason}',
  moveNotStarted:
    '{name} can’t be started at {to} ({reason}). It was removed there, and here all is as before.',
  moveNotHealthy:
    '{name} did not become healthy at {to} ({reason}). It was removed there, and here all is as before.',
  moveDiffers:
    '{name} is not the same at {to} as it is here ({what}). It was removed there, and here all is as before.',
  moveNotStill:
    '{name} was started here while its volumes were read for the last time, so nothing was moved. Try again.',
  moveRollbackFailed:
    'Moving {name} failed ({reason}), and putting things back failed too: {left}. The note of it is kept, and the next move between these engines tries again.',

  // Volumes
  volumeFileShrinks:
    'The file {file} in {name} got shorter while it was read, {times} times over. Choose to pause or stop what writes to it, then try again.',
  volumeUnreadable:
    'The engine gave nothing of {name}, not even its root folder. Nothing was kept; check the engine.',
  bindUnreadable:
    'This engine doesn’t tell who owns the files in {name}, so they can’t be backed up. Leave it out.',
  volumeOwnersUnknown:
    'This Podman doesn’t tell who owns the files in the volume {name}. Update it to 5.6 or newer.',
  volumeExists: 'There is a volume {name} already. Choose another name, or have it replaced.',
  volumeInUse: 'The volume {name} is in use by {containers}. Stop them, then try again.',
  volumeNotEmpty:
    'The volume {name} holds something already ({path}), so nothing was put into it. Choose a new name, or have it replaced.',
  volumeDataWrong:
    'What the snapshot holds of the volume {name} is not whole: {reason}. Nothing was changed; verify the vault.',
  volumeDiffers:
    'The volume {name} was filled, but read back {path} is not as in the snapshot ({what}). Nothing of it was kept.',
  volumeForgets:
    'The volume {name} is in memory (tmpfs) and empty again when no container uses it, so restoring it would keep nothing. Restore into a volume without these options.',
  volumeNotReplaceable:
    'This engine has no way to empty the volume {name}. Restore into a new volume, or remove this one first.',
  volumeChanged:
    'Something wrote to the volume {name} ({path}) after it was backed up, so it was not replaced. Stop what uses it, and keep the vault elsewhere if it lies in this volume.',
  volumeNotEmptied: 'The engine could not empty the volume {name}: {path} is still there.',
  volumeNotPutBack:
    'The volume {name} could not be restored ({reason}), and putting back what it held failed too ({second}). That is safe in the snapshot {snapshot}: restore it.',

  // Keeping a vault
  badSpan: '"{text}" is not a span of time. Write it like 1y5m7d2h.',
  retentionEmpty: 'The policy has no rule, so it would keep nothing. Nothing was removed; say what to keep.',
  retentionDropsAll:
    'The policy would keep no snapshot of the {kind} {name}. Nothing was removed; delete these snapshots by name if they are to go.',
  snapshotPinned: '{name} is pinned, so it was not removed. Unpin it first.',
  keptDamaged:
    '{name} was to be kept and has been found damaged since, so no other snapshot was removed. Look again which to keep.',
  snapshotGone: 'The vault {vault} has no snapshot {id} any more. Refresh, then try again.',
  pruneUnsure:
    'The vault {vault} can’t be pruned, since what is still needed is not certain: {reason} Nothing was removed; repair the vault first.',
  entryChanged:
    'What index.json says of {name} in the vault {vault} was changed since it was written. Repair the vault first.',
  vaultsAreSame: '{path} is the same vault. Choose another one.',

  // Looking into layers
  badRules: 'The rules in {where} can’t be used: {reason}. Nothing was checked.',
  wrongBase: '{name} was not built on {base}: its lowest layers are others.',

  // Registries
  badRemoteName: '"{text}" is no place in a registry. Write it like HOST/REPOSITORY:TAG.',
  registryUnreachable: 'No registry answers at {host}: {reason}. Check its name and the network.',
  proxyUnusable:
    'The proxy for {host} can’t be used: {reason}. Check HTTPS_PROXY and NO_PROXY, or the proxy in the settings of the editor.',
  registryUntrusted:
    'The registry {host} can’t be trusted: {reason}. Put the certificate of its authority into /etc/docker/certs.d/{host}/ca.crt.',
  registryUnsafe: 'The registry {host} sends on to {to}, and {reason}. Nothing was sent there.',
  registryLogInMissing:
    'The registry {host} wants a log-in to {what}. Run `docker login {host}`, then try again.',
  registryLogInRefused: 'The registry {host} refused the log-in of {user}. Run `docker login {host}` again.',
  logInUnreadable: 'The log-in for {host} can’t be read: {reason}. Run `docker login {host}` again.',
  registryDenied:
    'The registry {host} doesn’t let this log-in {what}: {reason}. Ask whoever runs it for the right to.',
  registryMissing: 'The registry {host} has no {name}. Check the name; a log-in may be needed to see it.',
  registryRefused: 'The registry {host} refused to {what}: {reason}',
  registryBusy:
    'The registry {host} did not manage to {what} in {tries} tries: {reason}. Try again later; what arrived is not sent again.',
  registryGarbled: 'The registry {host} answered "{what}" with something that can’t be used: {reason}',
  registryContentWrong:
    'The registry {host} has {found} where {expected} belongs. Nothing of it was kept; try again, or push it anew.',
  notASnapshot: '{name} is no snapshot of Drydock.',
  notAnImage: '{name} is neither a snapshot nor an image.',
  remotePlatformMissing: '{name} can’t be had for {platform}. The registry has: {platforms}.',
  uploadBroken: 'What was being sent broke off. Nothing of it was kept; try again.',
  endpointUnusable: 'Nothing can listen on {address}: {reason}. Choose another port.',

  // Bundles
  notABundle: '{name} is no bundle of Drydock: {reason}. Load it as an archive.',
  badInventory: '{name} can’t be used as an inventory: {reason}. Make it again at the target.',
  bundleLacks:
    '{name} was made for a target that has {missing}, and {target} has not. Nothing was changed; make the bundle again for what is there now, or a full one.',
  bundlePartMissing: 'The part {part} of {name} is not there. Fetch it too, then try again.',
  bundlePartWrong: 'The part {part} of {name} is not as it was made: {reason}. Fetch it again.',
  bundlePartsUnclear: '{checksum}, which says what the parts are, can’t be used: {reason}. Fetch it again.',
  bundleHoldsSnapshots:
    '{name} holds snapshots. Restore one of them onto the engine, or choose a vault that takes all of them.',
  bundleHoldsImages: '{name} holds images and no snapshots. Apply it to the engine, which loads them.',
  bundleTooManyParts: 'This would make more than {limit} parts. Choose a larger size.',

  // Last resort: a bug of ours or of the machine.
  unexpected: 'Something unexpected went wrong: {reason}',
} as const;

type Templates = typeof templates;

/** The stable name of a failure. */
export type FailureCode = keyof Templates;

type Places<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Places<Rest>
  : never;

/** What has to be known to word a failure. */
export type FailureArgs<C extends FailureCode> = Readonly<Record<Places<Templates[C]>, string | number>>;

/** A failure with words for people. `cause` keeps the chain for the log. */
export class DrydockError extends Error {
  readonly code: FailureCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: FailureCode, details: Readonly<Record<string, string | number>>, cause?: unknown) {
    super(fillTemplate(templates[code], details), cause === undefined ? undefined : { cause });
    this.name = 'DrydockError';
    this.code = code;
    this.details = details;
  }

  /** The English sentence with its places open; the key under which translations are kept. */
  get template(): string {
    return templates[this.code];
  }
}

/** Makes the failure `code`, worded from `args`. */
export function failure<C extends FailureCode>(code: C, args: FailureArgs<C>, cause?: unknown): DrydockError {
  return new DrydockError(code, args, cause);
}

/** Every template, for the test that each one is translated. */
export function failureTemplates(): readonly string[] {
  return Object.values(templates);
}

/** Puts `details` into the places of a template. */
export function fillTemplate(template: string, details: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => String(details[name] ?? place));
}

/** Whether `error` only says that the work was cancelled. */
export function isCancellation(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'CancellationError');
}

/** One line of text for whatever was thrown, for use as a reason inside a sentence. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s+/g, ' ').slice(0, 500);
}
