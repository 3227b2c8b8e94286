import type { Command } from './command.ts';

/** A subcommand by its name. What it needs is loaded with it: `cat` is done before all of the others would be. */
export interface CommandRow {
  readonly name: string;
  readonly load: () => Promise<Command>;
}

/** Every subcommand, in the order of `drydock --help`. */
export const commandTable: readonly CommandRow[] = [
  { name: 'images', load: async () => (await import('./commands/images.ts')).images },
  { name: 'containers', load: async () => (await import('./commands/containers.ts')).containers },
  { name: 'changes', load: async () => (await import('./commands/changes.ts')).changes },
  { name: 'volumes', load: async () => (await import('./commands/volumes.ts')).volumes },
  { name: 'history', load: async () => (await import('./commands/history.ts')).history },
  { name: 'analyze', load: async () => (await import('./commands/analyze.ts')).analyze },
  { name: 'shared', load: async () => (await import('./commands/shared.ts')).shared },
  { name: 'diff', load: async () => (await import('./commands/diff.ts')).diff },
  { name: 'save', load: async () => (await import('./commands/save.ts')).save },
  { name: 'load', load: async () => (await import('./commands/load.ts')).load },
  { name: 'export', load: async () => (await import('./commands/exportFilesystem.ts')).exportFilesystem },
  { name: 'import', load: async () => (await import('./commands/importFilesystem.ts')).importFilesystem },
  { name: 'commit', load: async () => (await import('./commands/commit.ts')).commit },
  { name: 'archive show', load: async () => (await import('./commands/archiveShow.ts')).archiveShow },
  { name: 'archive check', load: async () => (await import('./commands/archiveCheck.ts')).archiveCheck },
  { name: 'convert', load: async () => (await import('./commands/convert.ts')).convert },
  { name: 'bundle create', load: async () => (await import('./commands/bundleCreate.ts')).bundleCreate },
  { name: 'bundle apply', load: async () => (await import('./commands/bundleApply.ts')).bundleApply },
  {
    name: 'bundle inventory',
    load: async () => (await import('./commands/bundleInventory.ts')).bundleInventory,
  },
  { name: 'init', load: async () => (await import('./commands/init.ts')).init },
  { name: 'backup image', load: async () => (await import('./commands/backupImage.ts')).backupImage },
  {
    name: 'backup container',
    load: async () => (await import('./commands/backupContainer.ts')).backupContainer,
  },
  { name: 'backup volume', load: async () => (await import('./commands/backupVolume.ts')).backupVolume },
  { name: 'backup project', load: async () => (await import('./commands/backupProject.ts')).backupProject },
  { name: 'restore', load: async () => (await import('./commands/restore.ts')).restore },
  { name: 'snapshots', load: async () => (await import('./commands/snapshots.ts')).snapshots },
  { name: 'show', load: async () => (await import('./commands/show.ts')).show },
  { name: 'ls', load: async () => (await import('./commands/ls.ts')).ls },
  { name: 'find', load: async () => (await import('./commands/find.ts')).find },
  { name: 'cat', load: async () => (await import('./commands/cat.ts')).cat },
  { name: 'extract', load: async () => (await import('./commands/extract.ts')).extract },
  { name: 'forget', load: async () => (await import('./commands/forget.ts')).forget },
  { name: 'prune', load: async () => (await import('./commands/prune.ts')).prune },
  { name: 'verify', load: async () => (await import('./commands/verify.ts')).verify },
  { name: 'repair', load: async () => (await import('./commands/repair.ts')).repair },
  { name: 'copy', load: async () => (await import('./commands/copy.ts')).copy },
  { name: 'move image', load: async () => (await import('./commands/moveImage.ts')).moveImage },
  { name: 'move container', load: async () => (await import('./commands/moveContainer.ts')).moveContainer },
  { name: 'move project', load: async () => (await import('./commands/moveProject.ts')).moveProject },
  { name: 'push', load: async () => (await import('./commands/push.ts')).push },
  { name: 'pull', load: async () => (await import('./commands/pull.ts')).pull },
  { name: 'sync', load: async () => (await import('./commands/sync.ts')).sync },
  { name: 'tags', load: async () => (await import('./commands/tags.ts')).tags },
  { name: 'serve', load: async () => (await import('./commands/serve.ts')).serve },
  { name: 'stats', load: async () => (await import('./commands/stats.ts')).stats },
];
