import type { EngineInfo } from '../engine/records.ts';
import type { ComingImage } from '../loading/parcels.ts';
import type { SnapshotVolume } from '../snapshot/snapshot.ts';
import type { RestorePlan } from './restorePlan.ts';

/** What a plan will take out of its store for the engine: images that are not there, and volumes that are filled. */
export function plannedSending({ info, images, volumes }: Pick<RestorePlan, 'info' | 'images' | 'volumes'>): {
  readonly info: EngineInfo;
  readonly images: readonly ComingImage[];
  readonly volumes: readonly SnapshotVolume[];
} {
  return {
    info,
    images: images.filter(({ load }) => !load.isThere).map(({ load: { id }, image }) => ({ id, image })),
    volumes: volumes
      .filter(({ action }) => action === 'create' || action === 'replace')
      .map(({ volume }) => volume),
  };
}
