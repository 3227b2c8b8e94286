import { shortDigest, type Digest } from '../digest.ts';
import type { Platform } from '../engine/records.ts';
import type { Stratum } from '../layers/loadTree.ts';
import { platformText } from '../oci/platform.ts';
import type {
  SnapshotContents,
  SnapshotImage,
  SnapshotManifest,
  SnapshotVolume,
} from '../snapshot/snapshot.ts';

export type RootKind = 'image' | 'container' | 'volume' | 'bind';

/** One file system in a snapshot. */
export interface SnapshotRoot {
  /**
   * What it is called in paths, unique in its snapshot: an image's first name (with its platform where there are
   * several), a container's or a volume's name, a bind's path.
   */
  readonly name: string;
  readonly kind: RootKind;
  readonly platform?: Platform;
  /** Where containers of the snapshot see it. */
  readonly mountedAt: readonly { readonly container: string; readonly target: string }[];
  /** Bottom first. */
  readonly strata: readonly Stratum[];
}

/** Every file system in a snapshot: containers, volumes and binds, then images. */
export function snapshotRoots(contents: SnapshotContents): readonly SnapshotRoot[] {
  const { images, containers, volumes } = contents;
  const manifests = new Map<Digest, SnapshotManifest>();
  for (const { target, manifests: own } of images)
    for (const manifest of own) {
      manifests.set(manifest.descriptor.digest, manifest);
      // A container may name the index that its image is known by; the engine's own platform comes first.
      if (!manifests.has(target.digest)) manifests.set(target.digest, manifest);
    }
  const found: SnapshotRoot[] = [];
  for (const { document } of containers) {
    const manifest = manifests.get(document.writableManifest ?? document.imageManifest);
    if (manifest !== undefined)
      found.push({ kind: 'container', name: document.name, ...imageRoot(manifest) });
  }
  for (const volume of volumes) found.push(volumeRoot(volume, contents));
  for (const image of images) if (image.role === 'image') found.push(...imageRoots(image));
  return withOwnNames(found);
}

function imageRoots({ id, tags, manifests }: SnapshotImage): readonly SnapshotRoot[] {
  const name = tags[0] ?? shortDigest(id);
  return manifests.map((manifest) => ({
    kind: 'image' as const,
    name: manifests.length > 1 ? `${name}@${platformText(manifest.platform)}` : name,
    ...imageRoot(manifest),
  }));
}

function imageRoot({
  layers,
  platform,
}: SnapshotManifest): Pick<SnapshotRoot, 'platform' | 'mountedAt' | 'strata'> {
  return {
    platform,
    mountedAt: [],
    strata: layers.map((layer) => ({ layers: [layer], root: '', hasWhiteouts: true })),
  };
}

function volumeRoot({ document, parts }: SnapshotVolume, { containers }: SnapshotContents): SnapshotRoot {
  const { kind, name, root } = document;
  return {
    kind,
    name,
    mountedAt: containers.flatMap(({ document: container }) =>
      container.mounts
        .filter((mount) => mount.type === kind && (kind === 'volume' ? mount.name : mount.source) === name)
        .map(({ target }) => ({ container: container.name, target })),
    ),
    strata: [{ layers: parts, root, hasWhiteouts: false }],
  };
}

/** Things of different kinds may have one name. */
function withOwnNames(roots: readonly SnapshotRoot[]): readonly SnapshotRoot[] {
  const taken = new Set<string>();
  return roots.map((root) => {
    let name = root.name;
    for (let count = 2; taken.has(name); count++)
      name = count === 2 ? `${root.kind}/${root.name}` : `${root.kind}/${root.name}#${count}`;
    taken.add(name);
    return name === root.name ? root : { ...root, name };
  });
}
