import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { z } from 'zod';
import {
  containerId,
  contextValues,
  diffPanelType,
  diffScheme,
  analysisPanelType,
  sharedPanelType,
  historyPanelType,
  imageScheme,
  settingChoices,
  snapshotPanelType,
  snapshotScheme,
  viewIds,
  walkthroughId,
  type CommandId,
  type ContextKeys,
  type Settings,
} from '../../../src/contributions.ts';

const root = new URL('../../../', import.meta.url);

const menuItem = z.object({ command: z.string(), when: z.string().optional(), group: z.string().optional() });
const setting = z.object({
  type: z.string(),
  default: z.unknown(),
  enum: z.array(z.string()).optional(),
  markdownEnumDescriptions: z.array(z.string()).optional(),
  markdownDescription: z.string(),
  scope: z.string().optional(),
});
const shape = z.object({
  icon: z.string(),
  activationEvents: z.array(z.string()),
  capabilities: z.object({
    untrustedWorkspaces: z.object({ restrictedConfigurations: z.array(z.string()) }),
  }),
  contributes: z.object({
    commands: z.array(z.object({ command: z.string(), title: z.string(), icon: z.string().optional() })),
    viewsContainers: z.object({ activitybar: z.array(z.object({ id: z.string(), icon: z.string() })) }),
    views: z.record(z.string(), z.array(z.object({ id: z.string(), icon: z.string() }))),
    viewsWelcome: z.array(z.object({ view: z.string(), when: z.string(), contents: z.string() })),
    menus: z.record(z.string(), z.array(menuItem)),
    configuration: z.object({ properties: z.record(z.string(), setting) }),
    walkthroughs: z.array(
      z.object({
        id: z.string(),
        steps: z.array(
          z.object({
            description: z.string(),
            media: z.object({ svg: z.string() }),
            completionEvents: z.array(z.string()),
          }),
        ),
      }),
    ),
  }),
});

/** Every command, and whether it does something sensible without being told on what. A forgotten one does not compile. */
const worksFromPalette: Readonly<Record<CommandId, boolean>> = {
  'drydock.saveImages': true,
  'drydock.loadArchive': true,
  'drydock.checkArchive': true,
  'drydock.convertArchive': true,
  'drydock.createBundle': true,
  'drydock.applyBundle': true,
  'drydock.writeInventory': true,
  'drydock.importRootfs': true,
  'drydock.exportContainer': true,
  'drydock.commitContainer': true,
  'drydock.compare': true,
  'drydock.analyzeImage': true,
  'drydock.showSharedLayers': true,
  'drydock.showHistory': true,
  'drydock.inspect': true,
  'drydock.showChanges': true,
  'drydock.browseFiles': true,
  'drydock.openLiveFile': false,
  'drydock.compareWithImage': false,
  'drydock.downloadFiles': true,
  'drydock.uploadFiles': true,
  'drydock.copyLivePath': false,
  'drydock.commitOnly': false,
  'drydock.refreshFiles': false,
  'drydock.tagImage': true,
  'drydock.remove': false,
  'drydock.removeImages': true,
  'drydock.removeContainers': true,
  'drydock.removeVolumes': true,
  'drydock.startContainers': true,
  'drydock.stopContainers': true,
  'drydock.pauseContainers': true,
  'drydock.unpauseContainers': true,
  'drydock.copyId': true,
  'drydock.copyName': true,
  'drydock.openFile': false,
  'drydock.extractFile': false,
  'drydock.copyPath': false,
  'drydock.whoWrote': false,
  'drydock.findFiles': true,
  'drydock.revealFiles': false,
  'drydock.readAgain': false,
  'drydock.showMore': false,
  'drydock.backUp': true,
  'drydock.restore': true,
  'drydock.copyTo': true,
  'drydock.moveTo': true,
  'drydock.openSnapshot': true,
  'drydock.pinSnapshots': true,
  'drydock.unpinSnapshots': true,
  'drydock.deleteSnapshots': true,
  'drydock.copySnapshots': true,
  'drydock.verifyVault': true,
  'drydock.applyRetention': true,
  'drydock.pruneVault': true,
  'drydock.addVault': true,
  'drydock.addRegistryVault': true,
  'drydock.removeVault': true,
  'drydock.revealVault': true,
  'drydock.refreshBackups': true,
  'drydock.addRegistry': true,
  'drydock.removeRegistry': true,
  'drydock.addRepository': true,
  'drydock.removeRepository': false,
  'drydock.logInRegistry': true,
  'drydock.refreshRegistries': true,
  'drydock.copyReference': false,
  'drydock.pushSnapshots': true,
  'drydock.pushImages': true,
  'drydock.pullIntoVault': true,
  'drydock.copyTag': true,
  'drydock.syncRegistries': true,
  'drydock.keepLastTags': true,
  'drydock.deleteTags': false,
  'drydock.refresh': true,
  'drydock.chooseEngine': true,
  'drydock.measureVolumes': true,
  'drydock.sortImages': true,
  'drydock.sortContainers': true,
  'drydock.sortVolumes': true,
  'drydock.filterImages': true,
  'drydock.filterContainers': true,
  'drydock.filterVolumes': true,
  'drydock.clearFilter': true,
  'drydock.chooseLensImage': true,
  'drydock.readLayers': true,
  'drydock.openWalkthrough': true,
  'drydock.openSettings': true,
  'drydock.showLog': true,
};

/** Every setting with what it is when nobody set it. */
const defaults: Readonly<Settings> = {
  'engine.host': '',
  'archive.form': 'docker-archive',
  'archive.compression': 'gzip',
  'archive.folder': '',
  'images.sort': 'name',
  'images.showDangling': true,
  'containers.sort': 'name',
  'containers.groupByProject': true,
  'volumes.sort': 'name',
  'commit.pause': true,
  vaults: [],
  defaultVault: '',
  registries: [],
  'backup.policies': [],
  'backup.compression': 'zstd',
  'backup.consistency': 'pause',
  'backup.transport': 'auto',
  'backup.includeBinds': false,
  beforeLoss: 'ask',
  'lens.enabled': true,
  'lens.heat': false,
};

const engineStates: Readonly<Record<ContextKeys['drydock.engine'], true>> = {
  connecting: true,
  ready: true,
  missing: true,
  lost: true,
};

const known: readonly string[] = Object.keys(worksFromPalette).sort();
const values: readonly string[] = Object.values(contextValues);

describe('package.json', () => {
  let manifest: z.infer<typeof shape>;
  let texts: Readonly<Record<string, string>>;

  before(async () => {
    manifest = shape.parse(JSON.parse(await readFile(new URL('package.json', root), 'utf8')));
    const nls: unknown = JSON.parse(await readFile(new URL('package.nls.json', root), 'utf8'));
    texts = z.record(z.string(), z.string()).parse(nls);
  });

  const menuItems = () =>
    Object.entries(manifest.contributes.menus).flatMap(([menu, items]) =>
      items.map((item) => ({ menu, command: item.command, group: item.group, when: item.when ?? '' })),
    );

  it('declares every command of the code, and no other', () => {
    const declared = manifest.contributes.commands.map(({ command }) => command);
    assert.deepEqual(declared.sort(), known);
  });

  it('uses only commands that it declares, in menus, texts and walkthrough', () => {
    const inTexts = Object.values(texts).flatMap((text) => [...text.matchAll(/command:(drydock\.\w+)/g)]);
    const inSteps = manifest.contributes.walkthroughs.flatMap(({ steps }) =>
      steps.flatMap(({ completionEvents }) => completionEvents.map((event) => event.split(':'))),
    );
    const used = [
      ...menuItems().map(({ command }) => command),
      ...inTexts.map(([, id]) => id ?? ''),
      ...inSteps.filter(([kind]) => kind === 'onCommand').map(([, id]) => id ?? ''),
    ];
    assert.deepEqual(
      used.filter((id) => !known.includes(id)),
      [],
    );
    const views = inSteps.filter(([kind]) => kind === 'onView').map(([, id]) => id ?? '');
    const ids: readonly string[] = Object.values(viewIds);
    assert.deepEqual(
      views.filter((id) => !ids.includes(id)),
      [],
    );
  });

  it('hides from the palette what needs to be told on what, and nothing else', () => {
    const hidden = (manifest.contributes.menus['commandPalette'] ?? [])
      .filter(({ when }) => when === 'false')
      .map(({ command }) => command);
    const needy = Object.entries(worksFromPalette).filter(([, works]) => !works);
    assert.deepEqual(
      hidden,
      needy.map(([id]) => id),
    );
  });

  it('gives every button of a title or a row an icon', () => {
    const icons = new Map(manifest.contributes.commands.map(({ command, icon }) => [command, icon]));
    const bare = menuItems().filter(
      ({ menu, group, command }) =>
        (group?.startsWith('inline') === true ||
          (menu !== 'explorer/context' && group?.startsWith('navigation') === true)) &&
        icons.get(command) === undefined,
    );
    assert.deepEqual(bare, []);
  });

  it('tests in menus only for context values that views give, and every pattern meets one', () => {
    for (const { when } of menuItems()) {
      for (const [, pattern = ''] of when.matchAll(/viewItem =~ \/((?:\\.|[^/])+)\//g))
        assert.ok(
          values.some((value) => new RegExp(pattern).test(value)),
          when,
        );
      for (const [, value = ''] of when.matchAll(/viewItem == ([\w.]+)/g))
        assert.ok(values.includes(value), when);
      assert.equal(
        [...when.matchAll(/viewItem/g)].length,
        [...when.matchAll(/viewItem (=~ \/|== )/g)].length,
        `a form this test can’t read: ${when}`,
      );
    }
  });

  it('offers something on every node but those that only tell', () => {
    const offered = (value: string) =>
      menuItems().some(
        ({ menu, when }) =>
          menu === 'view/item/context' &&
          ([...when.matchAll(/viewItem =~ \/((?:\\.|[^/])+)\//g)].some(([, pattern = '']) =>
            new RegExp(pattern).test(value),
          ) ||
            when.includes(`viewItem == ${value}`)),
      );
    assert.deepEqual(
      values.filter((value) => !offered(value)),
      [contextValues.message],
    );
  });

  it('declares the views and the container of the code, and names them in conditions', () => {
    const ids = Object.values(viewIds);
    assert.deepEqual(Object.keys(manifest.contributes.views), [containerId]);
    assert.deepEqual(
      manifest.contributes.viewsContainers.activitybar.map(({ id }) => id),
      [containerId],
    );
    assert.deepEqual(
      manifest.contributes.views[containerId]?.map(({ id }) => id),
      ids,
    );
    const conditions = [...menuItems(), ...manifest.contributes.viewsWelcome].map(({ when }) => when);
    const named = conditions
      .flatMap((when) => [...when.matchAll(/\bview == ([\w.]+)/g)])
      .map(([, id]) => id ?? '');
    assert.deepEqual(
      named.filter((id) => !ids.some((view) => view === id)),
      [],
    );
    for (const { view } of manifest.contributes.viewsWelcome) assert.ok(ids.some((id) => id === view));
  });

  it('knows only the context keys that the code sets', () => {
    const keys: Readonly<Record<keyof ContextKeys, true>> = {
      'drydock.engine': true,
      'drydock.filtered': true,
      'drydock.hasVaults': true,
      'drydock.hasRegistries': true,
    };
    const notKeys = new Set<string>([...values, ...Object.values(viewIds), ...known]);
    const conditions = [...menuItems(), ...manifest.contributes.viewsWelcome].map(({ when }) => when);
    for (const when of conditions) {
      const bare = when.replaceAll(/=~ \/(?:\\.|[^/])+\//g, '');
      for (const [key] of bare.matchAll(/\bdrydock\.[\w.]+/g))
        assert.ok(notKeys.has(key) || key in keys, when);
      for (const [, state = ''] of bare.matchAll(/drydock\.engine == (\w+)/g))
        assert.ok(state in engineStates, when);
    }
  });

  it('declares every setting with the values and the default that the code has', () => {
    const { properties } = manifest.contributes.configuration;
    assert.deepEqual(
      Object.keys(properties).sort(),
      Object.keys(defaults)
        .map((id) => `drydock.${id}`)
        .sort(),
    );
    const choices: Readonly<Record<string, readonly string[]>> = settingChoices;
    for (const [id, value] of Object.entries(defaults)) {
      const declared = properties[`drydock.${id}`];
      assert.ok(declared !== undefined, id);
      assert.deepEqual(declared.default, value, id);
      assert.equal(declared.type, Array.isArray(value) ? 'array' : typeof value, id);
      assert.deepEqual(declared.enum, choices[id], id);
      assert.equal(declared.markdownEnumDescriptions?.length, choices[id]?.length, id);
    }
  });

  it('keeps settings that choose an address, a folder or what stops from untrusted workspaces', () => {
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    assert.deepEqual(restrictedConfigurations, [
      'drydock.engine.host',
      'drydock.archive.folder',
      'drydock.backup.consistency',
      'drydock.backup.includeBinds',
      'drydock.backup.transport',
    ]);
  });

  it('lets no workspace say where vaults and registries are or how long snapshots are kept', () => {
    const { properties } = manifest.contributes.configuration;
    for (const id of ['vaults', 'defaultVault', 'registries', 'backup.policies', 'beforeLoss'])
      assert.equal(properties[`drydock.${id}`]?.scope, 'machine', id);
  });

  it('names only files that are there', async () => {
    const { contributes } = manifest;
    const files = [
      manifest.icon,
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
      ...Object.values(contributes.views).flatMap((views) => views.map(({ icon }) => icon)),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg)),
    ];
    assert.deepEqual(
      files.filter((file) => !existsSync(new URL(file, root))),
      [],
    );
    const drawn = await readdir(new URL('media/icons/light', root));
    assert.deepEqual(await readdir(new URL('media/icons/dark', root)), drawn);
  });

  it('starts for pages that come back, files of snapshots and images, and files with a lens; VS Code does the rest for commands and views', () => {
    assert.deepEqual(manifest.activationEvents, [
      `onWebviewPanel:${historyPanelType}`,
      `onWebviewPanel:${analysisPanelType}`,
      `onWebviewPanel:${sharedPanelType}`,
      `onWebviewPanel:${snapshotPanelType}`,
      `onWebviewPanel:${diffPanelType}`,
      `onFileSystem:${diffScheme}`,
      `onFileSystem:${snapshotScheme}`,
      `onFileSystem:${imageScheme}`,
      'onLanguage:dockerfile',
      'onLanguage:dockercompose',
    ]);
  });

  it('has the one walkthrough that the code opens', () => {
    assert.deepEqual(
      manifest.contributes.walkthroughs.map(({ id }) => id),
      [walkthroughId],
    );
  });
});
