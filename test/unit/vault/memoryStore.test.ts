import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { blobStoreContract } from './blobStoreContract.ts';

describe('blobs in memory', () => {
  blobStoreContract(() => Promise.resolve({ store: memoryStore(), remains: () => Promise.resolve([]) }));
});
