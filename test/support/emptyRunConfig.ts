import type { RunConfig } from '../../src/core/engine/records.ts';

/** How an image is run that says nothing of it. */
export const emptyRunConfig: RunConfig = {
  env: [],
  command: [],
  entrypoint: [],
  workingDir: '',
  user: '',
  labels: {},
  exposedPorts: [],
  volumes: [],
};
