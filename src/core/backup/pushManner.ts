import type { Engine, RegistryLogIn } from '../engine/engine.ts';
import type { ImageDetails } from '../engine/records.ts';
import type { PushSink } from '../registry/endpoint.ts';
import type { KnownContents } from '../snapshot/knownContents.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import type { CapturedImageContent } from './capturedImageContent.ts';
import type { ReceivedLayers } from './receivedLayers.ts';

/** How images are pushed by engines of one kind, and put together from what comes. */
export interface PushManner {
  readonly sink: PushSink;
  /** Has the engine push an image. Rejects where what came is not that image, or the engine's failures. */
  push(image: PushedImage, cancel: CancelOptions): Promise<CapturedImageContent>;
}

/** An image on its way. */
export interface PushedImage {
  readonly details: ImageDetails;
  /** `HOST:PORT/repository:tag`: where it goes. */
  readonly name: string;
  readonly tag: string;
  readonly logIn: RegistryLogIn;
}

export interface PushMannerDeps {
  readonly engine: Pick<Engine, 'images'>;
  readonly vault: Vault;
  readonly known: KnownContents;
  readonly layers: ReceivedLayers;
}

/** Who hears of a push. */
export interface PushHeard {
  /** Hears of bytes as they come. */
  readonly onBytes: (count: number) => void;
  /** Hears of what makes all further pushing useless. */
  readonly onFailure: (error: unknown) => void;
}
