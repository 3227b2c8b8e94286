import assert from 'node:assert/strict';
import type { Engine } from '../../src/core/engine/engine.ts';

import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';

/** The engines of a suite that has several, in their order: `NAME=ADDRESS,…` in DRYDOCK_TEST_HOSTS. */
export const parties = (process.env['DRYDOCK_TEST_HOSTS'] ?? '')
  .split(',')
  .filter((part) => part !== '')
  .map((part) => ({ name: part.slice(0, part.indexOf('=')), address: part.slice(part.indexOf('=') + 1) }));
assert.ok(parties.length > 1, 'DRYDOCK_TEST_HOSTS names no engines: run "node scripts/test.ts engines"');

export function connectToParty(address: string): Engine {
  const endpoint = parseAddress(address);
  assert.ok(endpoint);
  return connect(endpoint);
}
