import { diffIdsOf } from '../oci/diffIds.ts';
import type { ImageConfig } from '../oci/manifest.ts';
import { instructionOf, type Instruction } from './instruction.ts';

/**
 * The instruction that made each layer, bottom first. A config says which steps of its history made no layer
 * (image-spec v1.1 config.md, `empty_layer`), so the others pair with the layers one by one; where their number is
 * another one, nothing is guessed and all are undefined.
 */
export function layerInstructions(config: ImageConfig): readonly (Instruction | undefined)[] {
  const diffIds = diffIdsOf(config);
  const steps = (config.history ?? []).filter((step) => step.empty_layer !== true);
  if (steps.length !== diffIds.length) return diffIds.map(() => undefined);
  return steps.map((step) => instructionOf(step.created_by ?? '', step.comment ?? ''));
}
