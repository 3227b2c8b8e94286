import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { RegistrySetting } from '../contributions.ts';
import type { RemoteRegistry } from '../core/registry/remoteRepository.ts';
import { runWhenSlow } from '../ui/runWhenSlow.ts';
import { readSetting, writeSetting } from '../ui/settings.ts';
import { RegistryList } from './registryList.ts';
import { parseRegistrySettings, type KnownRegistry } from './registrySettings.ts';

/** The registries of the settings in this window. The code that speaks with them loads with the first look. */
export class RegistriesInUse {
  readonly list: RegistryList;
  readonly #disposables: { dispose(): unknown }[];

  constructor() {
    this.list = new RegistryList({
      connect: (host) => this.connect(host),
      run: (host, work) => runWhenSlow(vscode.l10n.t('Look into {image}', { image: host }), work),
    });
    this.#disposables = [
      this.list,
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('drydock.registries')) this.#use();
      }),
    ];
    this.#use();
  }

  /**
   * Gives `work` the registries it names, over connections of their own: what is looked at meanwhile may be refreshed.
   * They are let go when it ends.
   */
  async with<T>(work: (registry: (host: string) => Promise<RemoteRegistry>) => Promise<T>): Promise<T> {
    const open = new Map<string, Promise<RemoteRegistry>>();
    try {
      return await work((host) => {
        const registry = open.get(host) ?? this.connect(host);
        open.set(host, registry);
        return registry;
      });
    } finally {
      for (const registry of open.values()) (await registry.catch(() => undefined))?.close();
    }
  }

  /** Puts a registry on the list, or what is told of it in the place of what was. */
  async keep(known: KnownRegistry): Promise<void> {
    const others = readSetting('registries').filter((entry) => hostOf(entry) !== known.host);
    const place = readSetting('registries').findIndex((entry) => hostOf(entry) === known.host);
    await writeSetting(
      'registries',
      others.toSpliced(place < 0 ? others.length : place, 0, settingOf(known)),
    );
    this.#use();
  }

  /** Takes a registry off the list. */
  async drop(host: string): Promise<void> {
    await writeSetting(
      'registries',
      readSetting('registries').filter((entry) => hostOf(entry) !== host),
    );
    this.#use();
  }

  /** Keeps repositories that a registry of the list would not tell by itself. */
  async remember(host: string, paths: readonly string[]): Promise<void> {
    const known = this.list.find(host);
    const all = new Set([...(known?.repositories ?? []), ...paths]);
    if (known === undefined || all.size === known.repositories.length) return;
    await this.keep({ ...known, repositories: [...all].sort() });
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #use(): void {
    const registries = parseRegistrySettings(readSetting('registries'));
    void vscode.commands.executeCommand('setContext', 'drydock.hasRegistries', registries.length > 0);
    this.list.use(registries);
  }

  /** A connection of its own, which whoever asked lets go of. */
  async connect(host: string): Promise<RemoteRegistry> {
    const [{ connectRegistry }, { windowProxies }] = await Promise.all([
      import('../registry/connectRegistry.ts'),
      import('./windowProxies.ts'),
    ]);
    const around = { env: process.env, home: homedir(), platform: process.platform };
    const http = vscode.workspace.getConfiguration('http');
    const settings = {
      support: http.get('proxySupport'),
      proxy: http.get('proxy'),
      except: http.get('noProxy'),
    };
    return connectRegistry(around, host, {
      isPlainHttp: this.list.find(host)?.isPlainHttp ?? false,
      proxies: windowProxies(settings, process.env),
    });
  }
}

function hostOf(entry: unknown): string | undefined {
  return parseRegistrySettings([entry])[0]?.host;
}

function settingOf({ host, repositories, isPlainHttp }: KnownRegistry): RegistrySetting {
  return {
    host,
    ...(repositories.length > 0 && { repositories }),
    ...(isPlainHttp && { plainHttp: true }),
  };
}
