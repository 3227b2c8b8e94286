/** On what Drydock makes on an engine for its own work: helper containers, their images, sometimes a volume. */
export const helperLabel = 'dev.drydock.helper';

/** What people are shown and offered: not what an operation that runs has made for itself and removes again. */
export function withoutHelpers<T extends { readonly labels: Readonly<Record<string, string>> }>(
  things: Iterable<T>,
): readonly T[] {
  return [...things].filter(({ labels }) => labels[helperLabel] === undefined);
}
