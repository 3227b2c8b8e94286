import type { Digest } from '../digest.ts';
import { readVerified } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { isDamage } from './vaultProblem.ts';

/** Whether a vault has a blob with all the bytes of its digest. */
export async function hasItsDigest(vault: Vault, digest: Digest, signal: AbortSignal): Promise<boolean> {
  try {
    const bytes = readVerified(vault.blobs, { digest }, { signal });
    while ((await bytes.next()).done !== true);
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
}
