/** What Compose writes on containers: https://github.com/compose-spec (labels of docker compose 2). */
const projectLabel = 'com.docker.compose.project';
const serviceLabel = 'com.docker.compose.service';
const dependsLabel = 'com.docker.compose.depends_on';

type Labels = Readonly<Record<string, string>>;

/** The project that a container belongs to. */
export function projectOf(labels: Labels): string | undefined {
  return labels[projectLabel];
}

/** The service that a container is one of. */
export function serviceOf(labels: Labels): string | undefined {
  return labels[serviceLabel];
}

/** Services that a container wants up before it, from entries like `db:service_healthy:false`. */
export function dependenciesOf(labels: Labels): readonly string[] {
  const entries = (labels[dependsLabel] ?? '').split(',');
  return [
    ...new Set(entries.map((entry) => entry.split(':')[0]?.trim() ?? '').filter((name) => name !== '')),
  ];
}

/**
 * `items` in waves, in the order in which they may start: what a wave depends on is in waves before it. Dependencies
 * in a circle, which Compose refuses, are passed over.
 */
export function startWaves<T>(items: readonly T[], labelsOf: (item: T) => Labels): readonly (readonly T[])[] {
  const key = (project: string, service: string): string => JSON.stringify([project, service]);
  const nodes = items.map((item) => {
    const labels = labelsOf(item);
    const project = projectOf(labels) ?? '';
    return {
      item,
      key: key(project, serviceOf(labels) ?? ''),
      needs: dependenciesOf(labels).map((name) => key(project, name)),
    };
  });
  const waves: T[][] = [];
  let left = nodes;
  while (left.length > 0) {
    const waiting = new Set(left.map((node) => node.key));
    const ready = left.filter((node) => !node.needs.some((need) => need !== node.key && waiting.has(need)));
    const wave = ready.length > 0 ? ready : left;
    waves.push(wave.map(({ item }) => item));
    left = left.filter((node) => !wave.includes(node));
  }
  return waves;
}
