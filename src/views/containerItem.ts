import { contextValues, type ContextValue } from '../contributions.ts';
import { shortDigest } from '../core/digest.ts';
import type { ContainerState, ContainerSummary, MountSummary } from '../core/engine/records.ts';
import { exitCode } from '../core/inspect/exitCode.ts';
import { backupWords, badged, isSameBadge, type BackupBadge } from './backupBadge.ts';
import { labelLines } from './imageItem.ts';
import type { ContainerNode } from './node.ts';
import { portTexts } from './portText.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ItemIcon,
  type ViewItem,
  type Wording,
} from './viewItem.ts';
import { timeOf } from './when.ts';

export class ContainerItem implements ContainerNode, ViewItem {
  readonly kind = 'container';
  readonly key: string;
  readonly id: string;
  #container: ContainerSummary;
  #badge: BackupBadge | undefined;

  constructor(container: ContainerSummary) {
    this.key = `container:${container.id}`;
    this.id = container.id;
    this.#container = container;
  }

  get name(): string {
    return this.#container.names[0] ?? shortDigest(this.id);
  }

  get container(): ContainerSummary {
    return this.#container;
  }

  update(container: ContainerSummary, badge?: BackupBadge): boolean {
    const isSame = container === this.#container && isSameBadge(badge, this.#badge);
    this.#container = container;
    this.#badge = badge;
    return !isSame;
  }

  face(wording: Wording): ItemFace {
    const { l10n } = wording;
    const { state, health, image, ports, status } = this.#container;
    const code = exitCode(status);
    const stateText =
      state === 'exited' && code !== undefined
        ? l10n.t('exited ({code})', { code })
        : stateWords({ l10n })[state];
    const healthText = health === 'none' || state !== 'running' ? '' : healthWords({ l10n })[health];
    const published = portTexts(ports.filter(({ hostPort }) => hostPort !== undefined)).join(', ');
    const parts = [stateText, healthText, shortImage(image), published];
    return {
      label: this.name,
      ...described(parts),
      icon: stateLooks[state].icon,
      contextValue: stateLooks[state].contextValue,
      expansion: 'collapsed',
      ...badged(this.#badge),
      spoken: spoken(this.name, ...parts, backupWords(this.#badge, wording)),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const container = this.#container;
    return {
      title: this.name,
      rows: [
        [l10n.t('ID'), shortDigest(container.id)],
        [l10n.t('State'), stateWords(wording)[container.state]],
        [l10n.t('Health'), container.health === 'none' ? '' : healthWords(wording)[container.health]],
        [l10n.t('Image'), container.image],
        [l10n.t('Command'), container.command],
        [l10n.t('Created'), timeOf(container.createdAtMs, wording)],
        [l10n.t('Ports'), portTexts(container.ports).join('\n')],
        [l10n.t('Mounts'), container.mounts.map(mountText).join('\n')],
        [l10n.t('Networks'), container.networks.join('\n')],
        [l10n.t('Backup'), backupWords(this.#badge, wording)],
        [l10n.t('Labels'), labelLines(container.labels)],
      ],
    };
  }
}

/** `data → /var/lib/data`, with what it is when it has no name. */
export function mountText({ type, name, source, target }: MountSummary): string {
  const from = type === 'volume' ? shortVolumeName(name ?? source) : source === '' ? type : source;
  return `${from} → ${target}`;
}

/** The 64 hex digits of an anonymous volume to twelve of them. */
export function shortVolumeName(name: string): string {
  return /^[0-9a-f]{64}$/.test(name) ? `${name.slice(0, 12)}…` : name;
}

/** An image that a container names by ID alone, shortened. */
export function shortImage(image: string): string {
  return /^(sha256:)?[0-9a-f]{64}$/.test(image) ? shortDigest(image) : image;
}

const running = { icon: { own: 'container-running' }, contextValue: contextValues.containerRunning } as const;
const paused = { icon: { own: 'container-paused' }, contextValue: contextValues.containerPaused } as const;
const stopped = { icon: { own: 'container-stopped' }, contextValue: contextValues.containerStopped } as const;

const stateLooks: Readonly<
  Record<ContainerState, { readonly icon: ItemIcon; readonly contextValue: ContextValue }>
> = {
  running,
  // It runs again in a moment unless somebody stops it, and stopping is what can be done.
  restarting: running,
  paused,
  created: stopped,
  exited: stopped,
  dead: stopped,
  removing: stopped,
  unknown: stopped,
};

function stateWords({ l10n }: Pick<Wording, 'l10n'>): Readonly<Record<ContainerState, string>> {
  return {
    created: l10n.t('created'),
    running: l10n.t('running'),
    paused: l10n.t('paused'),
    restarting: l10n.t('restarting'),
    removing: l10n.t('being removed'),
    exited: l10n.t('exited'),
    dead: l10n.t('dead'),
    unknown: l10n.t('state unknown'),
  };
}

function healthWords({
  l10n,
}: Pick<Wording, 'l10n'>): Readonly<Record<'starting' | 'healthy' | 'unhealthy', string>> {
  return {
    starting: l10n.t('health check starting'),
    healthy: l10n.t('healthy'),
    unhealthy: l10n.t('unhealthy'),
  };
}
