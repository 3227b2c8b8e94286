import type { OpenEndpoint } from './core/registry/endpoint.ts';

/** Loads what listens when something is to listen. */
export const openEndpoint: OpenEndpoint = async (input) => {
  const endpoint = await import('./registry/endpoint/openEndpoint.ts');
  return endpoint.openEndpoint(input);
};
