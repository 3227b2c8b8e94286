import { writeDurably } from '../files/writeDurably.ts';
import type { Operation } from '../progress.ts';
import { inventoryBytes, type Inventory } from './inventory.ts';

/** Writes an inventory's file. Rejects with `badInventory`, `fileExists`, as {@link writeDurably} does. */
export async function writeInventory(
  inventory: Inventory,
  { path, replace }: { readonly path: string; readonly replace: boolean },
  { signal }: Operation,
): Promise<void> {
  const bytes = inventoryBytes(inventory);
  const once = (async function* () {
    yield await Promise.resolve(bytes);
  })();
  await writeDurably({ path, bytes: once, replace }, signal);
}
