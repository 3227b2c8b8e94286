/**
 * What a snapshot says of the things in it: the documents behind its artifacts. They are written by one version and
 * read by every later one, so a field may be added and never change its meaning; `formatVersion` tells of a change
 * that an older reader must not pass over.
 */
import * as z from 'zod';
import { isDigest, type Digest } from '../digest.ts';
import type { JsonObject, JsonValue } from '../engine/records.ts';

/** `artifactType` of what a snapshot holds beside images; also the media type of the document in its config. */
export const containerType = 'application/vnd.drydock.container.v1+json';
export const volumeType = 'application/vnd.drydock.volume.v1+json';
export const composeType = 'application/vnd.drydock.compose.v1+json';

/** Labels have no limit of their own. */
const text = z.string().max(1 << 20);
const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  message: 'not a sha256 digest',
});
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const textMap = z.record(text, text);
/** The document was parsed with limits before, so what is in here is JSON. */
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  { message: 'not an object' },
);
const jsonValue = z.custom<JsonValue>((value) => value !== undefined);

/** Something that is not in the snapshot, or not as it was at one moment. */
const remark = z.object({
  /** What the UI words: `changed` while it was read, `vanished`, `socket` and so on. */
  kind: z.enum([
    'changed',
    'vanished',
    'socket',
    'notRead',
    'bind',
    'tmpfs',
    'device',
    'secret',
    'xattrs',
    'maskedOption',
    'notPaused',
    'hookFailed',
    'anonymousVolume',
    'other',
  ]),
  /** A path, a mount's target, a variable's name. */
  subject: text,
  detail: text.optional(),
});

const mount = z.object({
  type: text,
  /** The volume's name; empty for others. */
  name: text,
  source: text,
  target: text,
  isReadOnly: z.boolean(),
  /** Whether the snapshot holds its data; a volume's is found by its name, a bind's by its source. */
  isIncluded: z.boolean(),
});

const network = z.object({
  name: text,
  driver: text,
  isInternal: z.boolean(),
  isAttachable: z.boolean(),
  isIpv6Enabled: z.boolean(),
  options: textMap,
  labels: textMap,
  ipam: jsonObject,
  /** One that every engine has (bridge, host, none): never made or removed. */
  isPredefined: z.boolean(),
});

const container = z.object({
  formatVersion: z.literal(1),
  name: text,
  id: text,
  /** The image's name as it was given when the container was made, and the ID of what it runs. */
  imageName: text,
  imageId: digest,
  /** Digest of the manifest, in the same snapshot, of the image it was made from. */
  imageManifest: digest,
  /** The manifest with its own changes on top; left out when it has none. */
  writableManifest: digest.optional(),
  state: z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead', 'unknown']),
  /** What to send to `POST /containers/create`: Config's fields, HostConfig, NetworkingConfig. */
  createBody: jsonObject,
  platform: text.optional(),
  networks: z.array(network).max(1000),
  mounts: z.array(mount).max(10_000),
  remarks: z.array(remark).max(100_000),
  /** The engine's inspect as it was, for people. */
  inspect: jsonValue,
});

const volume = z.object({
  formatVersion: z.literal(1),
  name: text,
  /** `volume`, or `bind` for a host's folder that was included on demand (its name is the path). */
  kind: z.enum(['volume', 'bind']),
  driver: text,
  options: textMap,
  labels: textMap,
  isAnonymous: z.boolean(),
  /** How entries of the parts are named: the root folder's entry is `root` itself, for example `v/`. */
  root: text,
  entryCount: count,
  plainBytes: count,
  remarks: z.array(remark).max(100_000),
});

const compose = z.object({
  formatVersion: z.literal(1),
  project: text,
  workingDir: text,
  /** Files whose bytes are layers of the artifact, in the same order. */
  files: z.array(z.object({ path: text, digest, sizeBytes: count })).max(1000),
  /** Files that its labels, or its Compose files, name and that could not be read here. */
  missing: z.array(text).max(1000),
  /** All networks that the engine counts to the project, those too that no container is in. */
  networks: z.array(network).max(1000).optional(),
  services: z
    .array(
      z.object({
        name: text,
        containers: z.array(text).max(10_000),
        /** Services that have to be up before. */
        dependsOn: z.array(text).max(10_000),
      }),
    )
    .max(10_000),
});

export type Remark = z.output<typeof remark>;
export type CapturedMount = z.output<typeof mount>;
export type CapturedNetwork = z.output<typeof network>;
export type CapturedContainer = z.output<typeof container>;
export type CapturedVolume = z.output<typeof volume>;
export type CapturedProject = z.output<typeof compose>;

export const capturedContainer = container;
export const capturedVolume = volume;
export const capturedProject = compose;
