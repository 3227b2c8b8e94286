import { digestOf, type Digest } from '../digest.ts';

type JsonMap = Readonly<Record<string, unknown>>;

/** In which order tools write the fields of a descriptor: BuildKit and containerd, then Docker's own manifest lists. */
const fieldOrders: readonly (readonly string[])[] = [
  ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'platform', 'artifactType'],
  ['mediaType', 'size', 'digest', 'urls', 'annotations', 'platform'],
];
const platformOrder = ['architecture', 'os', 'os.version', 'os.features', 'variant'];
const indents = ['', '  ', '   ', '    ', '\t', ' '];

/**
 * The very bytes of an index of which only the descriptors are known, where it was written in one of the usual forms:
 * fields as the specification has them, as Docker has them or by their names, indented or not. The digest proves it.
 * Undefined where none of them has it.
 */
export function rebuiltIndex(
  { mediaType, digest, size }: { readonly mediaType: string; readonly digest: Digest; readonly size: number },
  manifests: readonly JsonMap[],
): Uint8Array | undefined {
  const schemaVersion = 2;
  const forms: readonly unknown[] = [
    ...fieldOrders.flatMap((order) => {
      const ordered = manifests.map(({ platform, ...rest }) =>
        inOrder(isMap(platform) ? { ...rest, platform: inOrder(platform, platformOrder) } : rest, order),
      );
      return [
        { schemaVersion, mediaType, manifests: ordered },
        { mediaType, schemaVersion, manifests: ordered },
        { schemaVersion, manifests: ordered },
      ];
    }),
    byName({ schemaVersion, mediaType, manifests }),
  ];
  for (const form of forms)
    for (const indent of indents)
      for (const end of ['', '\n']) {
        const bytes = Buffer.from(JSON.stringify(form, null, indent) + end);
        if (bytes.length === size && digestOf(bytes) === digest) return bytes;
      }
  return undefined;
}

function inOrder(map: JsonMap, order: readonly string[]): JsonMap {
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => place(a) - place(b)));
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byName(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(byName);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, byName(one)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
