import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { DrydockNode } from './node.ts';

/** The place that a node of the Registries view stands for; undefined for other nodes. */
export function remotePlaceOf(node: DrydockNode): RemotePlace | undefined {
  switch (node.kind) {
    case 'registry':
      return { host: node.host };
    case 'remoteRepository':
      return { host: node.host, path: node.path };
    case 'remoteTag':
    case 'remoteFact':
      return { host: node.host, path: node.path, tag: node.tag };
    case 'remoteMore':
      return node.path === undefined ? { host: node.host } : { host: node.host, path: node.path };
    case 'message':
      return node.remote;
    default:
      return undefined;
  }
}
