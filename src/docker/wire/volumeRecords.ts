import * as z from 'zod';
import type { VolumeSummary, VolumeUsage } from '../../core/engine/records.ts';
import { optionalCount, text, textMap, timeMs } from './parseWire.ts';

/** A row of `GET /volumes`, and `GET /volumes/{name}`. */
export const volumeSummary = z
  .object({
    Name: z.string().min(1),
    Driver: text,
    Mountpoint: text,
    CreatedAt: text,
    Scope: text,
    Labels: textMap,
    Options: textMap,
  })
  .transform((wire): VolumeSummary => {
    const createdAtMs = timeMs(wire.CreatedAt);
    return {
      name: wire.Name,
      driver: wire.Driver,
      mountpoint: wire.Mountpoint,
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
      scope: wire.Scope,
      labels: wire.Labels,
      options: wire.Options,
    };
  });

/** A row of `Volumes` in `GET /system/df`; -1 stands for "can't tell". */
export const volumeUsage = z
  .object({
    Name: z.string().min(1),
    UsageData: z.object({ Size: optionalCount, RefCount: optionalCount }).nullish().catch(null),
  })
  .transform((wire): VolumeUsage => ({
    name: wire.Name,
    ...(wire.UsageData?.Size === undefined ? {} : { sizeBytes: wire.UsageData.Size }),
    ...(wire.UsageData?.RefCount === undefined ? {} : { refCount: wire.UsageData.RefCount }),
  }));

/** The list that `GET /volumes` and `GET /system/df` wrap. */
export const volumeList = z.object({ Volumes: z.array(z.unknown()).nullish() });
