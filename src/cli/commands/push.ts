import { shortDigest } from '../../core/digest.ts';
import { failure } from '../../core/errors.ts';
import { isSameName } from '../../core/oci/imageName.ts';
import { formatBytes } from '../../core/quantity.ts';
import { parseRemoteName, remoteNameText, tagFor } from '../../core/registry/remoteName.ts';
import type { Snapshot, SnapshotContents, SnapshotImage } from '../../core/snapshot/snapshot.ts';
import { findSnapshot, openSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import { pushImage } from '../../core/transfer/pushImage.ts';
import { pushTags } from '../../core/transfer/pushTags.ts';
import { pushSnapshot } from '../../core/transfer/pushSnapshot.ts';
import type { Shipped } from '../../core/transfer/shipment.ts';
import { snapshotWords } from '../chosenSnapshot.ts';
import type { Command } from '../command.ts';
import { usageFailure } from '../failures.ts';
import { onEach, type FileReport } from '../onEachFile.ts';
import { registryOptions, vaultOption } from '../options.ts';
import { openChosenVault } from '../vaultOption.ts';

const compressions = ['keep', 'gzip'] as const;

export const push: Command = {
  name: 'push',
  summary: 'Push snapshots, or an image of one, to a registry',
  usage: 'SNAPSHOT… REPOSITORY[:TAG] [--image IMAGE]',
  details: [
    snapshotWords,
    'A snapshot is pushed as it is, so that `drydock pull` brings the same one into another vault. Without TAG its tag is its name. Log-ins are those of `docker login`.',
    'With --image an image of it is pushed instead, for any engine to pull, straight from the vault. Without TAG it has the tag that it had. Docker before 23 can’t read the zstd layers of a vault: --compression gzip is for them.',
  ],
  takes: { least: 2, most: Number.POSITIVE_INFINITY },
  options: {
    ...vaultOption,
    image: { value: 'IMAGE', help: 'push this image of the snapshot: a name or the beginning of its ID' },
    compression: {
      value: 'KIND',
      choices: compressions,
      help: 'of an image’s layers: as they are in the vault, which is usual, or packed anew as gzip',
    },
    ...registryOptions,
  },
  async run(context, args) {
    const target = parseRemoteName(args.words.at(-1) ?? '');
    const words = args.words.slice(0, -1);
    const wanted = args.text('image');
    if (target.digest !== undefined)
      throw usageFailure('A digest can’t be chosen. Give REPOSITORY, or REPOSITORY:TAG.');
    if (words.length > 1 && (target.tag !== undefined || wanted !== undefined))
      throw usageFailure('Several snapshots can’t have one TAG, nor one --image. Push them one by one.');
    const compression = args.choice('compression', compressions) ?? 'keep';
    if (compression === 'gzip' && wanted === undefined)
      throw usageFailure('--compression is for an image. A snapshot is pushed as it is; add --image IMAGE.');
    const from = await openChosenVault(context, args, 'read');
    const all = await readSnapshots(from, context.operation);
    const chosen = new Map(words.map((word) => [word, findSnapshot(all, word)]));
    const to = (await context.registry(target.host)).repository(target.path);
    const { operation } = context;
    const places = new Map();
    const tags = pushTags([...chosen.values()]);
    const pushOne = async (snapshot: Snapshot): Promise<FileReport> => {
      if (wanted === undefined) {
        const tag = target.tag ?? tags.get(snapshot.id) ?? tagFor(snapshot.refName);
        const pushed = await pushSnapshot({ from, to }, { snapshot, tag }, operation, places);
        const { digest, form } = pushed;
        return pushReport(remoteNameText({ ...target, tag }), snapshot, pushed, { digest, form });
      }
      const contents = await openSnapshot(from, snapshot, { signal: operation.signal });
      const image = findImage(contents, wanted);
      const tag = target.tag ?? tagOf(image);
      const pushed = await pushImage({ from, to }, { image, tag, compression }, operation, places);
      const { digest, isRewritten } = pushed;
      return pushReport(remoteNameText({ ...target, tag }), snapshot, pushed, {
        digest,
        image: image.id,
        isRewritten,
      });
    };
    const report = await onEach(words, (word) => pushOne(chosen.get(word) ?? findSnapshot(all, word)), {
      list: 'pushed',
      item: 'given',
    });
    return { ...report, document: { vault: from.paths.root, ...report.document } };
  },
};

function pushReport(
  name: string,
  { id, refName }: Snapshot,
  { blobs, sentBytes, totalBytes }: Shipped,
  more: { readonly digest: string } & Readonly<Record<string, unknown>>,
): FileReport {
  return {
    document: { name, snapshot: { id, name: refName }, ...more, blobs, sentBytes, totalBytes },
    text: () => [
      `Pushed and verified: ${name} (${shortDigest(more.digest)}), ${formatBytes(sentBytes)} sent of ${formatBytes(totalBytes)}`,
    ],
    quiet: [`${name}@${more.digest}`],
    notes: [
      ...(more['form'] === 'parcel'
        ? [`${name} lies there as a parcel: the registry wants every platform, and the vault has not all.`]
        : []),
      ...(more['isRewritten'] === true
        ? [`${name} has another digest than in the vault, since its layers or its list of platforms changed.`]
        : []),
    ],
  };
}

function findImage({ images }: SnapshotContents, text: string): SnapshotImage {
  const hex = text.replace(/^sha256:/, '').toLowerCase();
  const isHex = /^[0-9a-f]{4,64}$/.test(hex);
  const found = images.filter(
    ({ id, tags }) => tags.some((tag) => isSameName(tag, text)) || (isHex && id.startsWith(`sha256:${hex}`)),
  );
  const [first] = found;
  if (first === undefined) {
    const known = images.map(({ id, tags }) => tags[0] ?? shortDigest(id)).join(', ');
    throw failure('notInSnapshot', { name: text, known });
  }
  if (found.length > 1) throw failure('notExactlyOne', { text, count: found.length, kind: 'images' });
  return first;
}

function tagOf({ tags }: SnapshotImage): string {
  const [tag] = tags;
  return tag === undefined ? 'latest' : (parseRemoteName(tag).tag ?? 'latest');
}
