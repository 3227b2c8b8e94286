import { contextValues } from '../contributions.ts';
import type { ContainerItem } from './containerItem.ts';
import type { ProjectNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

/** A Compose project and its containers. */
export class ProjectItem implements ProjectNode, ViewItem {
  readonly kind = 'project';
  readonly key: string;
  readonly project: string;
  #containers: readonly ContainerItem[] = [];
  #running = 0;

  constructor(project: string) {
    this.project = project;
    this.key = `project:${project}`;
  }

  get containers(): readonly ContainerItem[] {
    return this.#containers;
  }

  /** Whether the containers differ from those known, in order or in how many run. */
  update(containers: readonly ContainerItem[]): boolean {
    const known = this.#containers;
    const running = containers.filter(({ container }) => container.state === 'running').length;
    const isSame =
      running === this.#running &&
      known.length === containers.length &&
      containers.every((container, index) => container === known[index]);
    this.#containers = containers;
    this.#running = running;
    return !isSame;
  }

  face({ l10n }: Wording): ItemFace {
    const total = this.#containers.length;
    const running = l10n.t('{running} of {total} running', { running: this.#running, total });
    return {
      label: this.project,
      ...described([running]),
      icon: { own: 'project' },
      contextValue: contextValues.project,
      expansion: 'expanded',
      spoken: spoken(l10n.t('Compose project {name}', { name: this.project }), running),
    };
  }

  details({ l10n }: Wording): ItemDetails {
    const labels = this.#containers[0]?.container.labels ?? {};
    return {
      title: this.project,
      rows: [
        [l10n.t('Containers'), this.#containers.map(({ name }) => name).join('\n')],
        [l10n.t('Folder'), labels['com.docker.compose.project.working_dir'] ?? ''],
        [l10n.t('Files'), (labels['com.docker.compose.project.config_files'] ?? '').replaceAll(',', '\n')],
      ],
    };
  }
}
