import { remoteNameText } from '../core/registry/remoteName.ts';
import type { DrydockNode } from '../views/node.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';
import { copyTexts } from './copyTexts.ts';

/** Copies names as `docker pull` takes them: of a tag, of a platform or another document by its digest, of a repository. */
export const copyReference: Command<'drydock.copyReference'> = (_, ...args) =>
  copyTexts(chosenNodes(args), referenceOf);

export function referenceOf(node: DrydockNode): string | undefined {
  switch (node.kind) {
    case 'registry':
      return node.host;
    case 'remoteRepository':
      return `${node.host}/${node.path}`;
    case 'remoteTag':
      return remoteNameText({ host: node.host, path: node.path, tag: node.tag });
    case 'remoteFact':
      return remoteNameText({
        ...{ host: node.host, path: node.path },
        ...(node.digest === undefined ? { tag: node.tag } : { digest: node.digest }),
      });
    default:
      return undefined;
  }
}
