import { isDigest } from '../core/digest.ts';
import { isRegistryHost, isRepositoryPath, isTag } from '../core/registry/remoteName.ts';
import type { CommandId } from '../contributions.ts';

const fileCommands: ReadonlySet<string> = new Set<CommandId>([
  'drydock.loadArchive',
  'drydock.checkArchive',
  'drydock.importRootfs',
  'drydock.convertArchive',
  'drydock.applyBundle',
  'drydock.chooseLensImage',
]);

/** These are given what to do it with beside what to do it on. */
const takesFilesSecond: ReadonlySet<string> = new Set<CommandId>(['drydock.uploadFiles']);
/** These take both. */
const nodeAndFileCommands: ReadonlySet<string> = new Set<CommandId>(['drydock.compare']);

/**
 * What a command may take of what it was given. VS Code passes a view's focused item to the buttons of its title,
 * and key bindings and other extensions pass anything: what is not a thing for this command counts as not given, so
 * that the command asks.
 */
export function soundArguments(id: string, [first, second]: readonly unknown[]): readonly unknown[] {
  const isSound = (value: unknown): boolean => {
    if (nodeAndFileCommands.has(id)) return isNode(value) || isFile(value);
    return fileCommands.has(id) ? isFile(value) : isNode(value);
  };
  const isSoundSecond = takesFilesSecond.has(id) ? isFile : isSound;
  const selected = Array.isArray(second) ? second.filter(isSoundSecond) : [];
  return [isSound(first) ? first : undefined, selected.length > 0 ? selected : undefined];
}

/** Files that this host can open. In a remote window its own files may go by the window's scheme. */
function isFile(value: unknown): boolean {
  const { scheme, fsPath } = fieldsOf(value);
  return (scheme === 'file' || scheme === 'vscode-remote') && isText(fsPath);
}

function isNode(value: unknown): boolean {
  const fields = fieldsOf(value);
  const { kind, id, imageId, name, images, containers, path, vaultPath, source, place } = fields;
  switch (kind) {
    case 'image':
      return isText(id);
    case 'layer':
      return isText(imageId);
    case 'file':
    case 'more':
      return isPlace(place);
    case 'container':
      return isText(id) && isText(name);
    case 'volume':
      return isText(name);
    case 'liveFiles':
    case 'changes':
      return isLiveSource(source);
    case 'liveFile':
      return isLiveSource(source) && isText(path);
    case 'repository':
      return Array.isArray(images) && images.every(isNode);
    case 'project':
      return Array.isArray(containers) && containers.every(isNode);
    case 'vault':
      return isText(path);
    case 'source':
      return isText(vaultPath) && isText(fieldsOf(source)['name']);
    case 'snapshot':
      return isText(vaultPath) && isText(id);
    case 'registry':
      return isRemotePlace({ host: fields['host'] });
    case 'remoteRepository':
      return isText(path) && isRemotePlace(value);
    case 'remoteTag':
    case 'remoteFact':
      return (
        isText(path) && isText(fields['tag']) && isRemotePlace(value) && isDigestOrNone(fields['digest'])
      );
    case 'remoteMore':
      return isRemotePlace(value);
    case 'message':
      return fields['remote'] === undefined || isRemotePlace(fields['remote']);
    case 'detail':
      return true;
    default:
      return false;
  }
}

function isPlace(value: unknown): boolean {
  const { imageId, tag, layer, path } = fieldsOf(value);
  return (
    typeof imageId === 'string' &&
    isDigest(imageId) &&
    (tag === undefined || isText(tag)) &&
    (layer === undefined || (Number.isInteger(layer) && Number(layer) >= 0)) &&
    typeof path === 'string'
  );
}

/** What stands in it becomes a part of addresses, and the host a part of a command line that a person may run. */
function isRemotePlace(value: unknown): boolean {
  const { host, path, tag } = fieldsOf(value);
  return (
    typeof host === 'string' &&
    isRegistryHost(host) &&
    (path === undefined || (typeof path === 'string' && isRepositoryPath(path))) &&
    (tag === undefined || (typeof tag === 'string' && isTag(tag)))
  );
}

function isDigestOrNone(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && isDigest(value));
}

function isLiveSource(source: unknown): boolean {
  const { kind, id, name } = fieldsOf(source);
  return isText(name) && (kind === 'volume' || (kind === 'container' && isText(id)));
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
