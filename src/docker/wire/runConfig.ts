import * as z from 'zod';
import type { RunConfig } from '../../core/engine/records.ts';
import { keys, text, textMap, texts } from './parseWire.ts';

/** The `Config` of an image or a container; absent as a whole for an image that was imported without one. */
export const runConfig = z
  .object({
    Env: texts,
    Cmd: texts,
    Entrypoint: texts,
    WorkingDir: text,
    User: text,
    Labels: textMap,
    ExposedPorts: keys,
    Volumes: keys,
  })
  .nullish()
  .transform((config): RunConfig => ({
    env: config?.Env ?? [],
    command: config?.Cmd ?? [],
    entrypoint: config?.Entrypoint ?? [],
    workingDir: config?.WorkingDir ?? '',
    user: config?.User ?? '',
    labels: config?.Labels ?? {},
    exposedPorts: config?.ExposedPorts ?? [],
    volumes: config?.Volumes ?? [],
  }));
