import type { ObjectEvent } from './engineLink.ts';

/** The three lists that an inventory keeps. */
export type ListKind = 'images' | 'containers' | 'volumes';

/** Happen often and change nothing that a list tells. `exec_create: sh` and its kin carry the command behind a colon. */
const imageNoise = new Set(['save', 'push']);
const containerNoise = new Set([
  'attach',
  'detach',
  'resize',
  'top',
  'copy',
  'export',
  'archive-path',
  'extract-to-dir',
  'exec_create',
  'exec_start',
  'exec_die',
  'exec_detach',
]);

/**
 * Which lists an event may have changed. Engines say too little to apply an event itself (a `tag` does not tell
 * which image lost the name), and a listing is cheap.
 */
export function concernedLists(event: ObjectEvent): readonly ListKind[] {
  const action = (event.action.split(':', 1)[0] ?? '').trim();
  switch (event.kind) {
    case 'image':
      return imageNoise.has(action) ? [] : ['images'];
    case 'container':
      // A commit without a tag tells of its new image only here.
      if (action === 'commit') return ['images'];
      return containerNoise.has(action) ? [] : ['containers'];
    case 'volume':
      return ['volumes'];
    case 'network':
      return action === 'connect' || action === 'disconnect' ? ['containers'] : [];
  }
}
