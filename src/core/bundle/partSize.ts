const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/** Less would be parts of nothing but their names. */
const leastBytes = 1000;

/**
 * `4G` ⇒ 4,000,000,000 and `4GiB` ⇒ 4,294,967,296: decimal as disks and media are sold, so that parts of 4G fit where no
 * file may have 4 GiB. Undefined for what is no size.
 */
export function parsePartSize(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) ?([kmgt]?i?)b?$/i.exec(text.trim()) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number === '' || factor === undefined) return undefined;
  const bytes = Math.round(Number(number) * factor);
  return Number.isSafeInteger(bytes) && bytes >= leastBytes ? bytes : undefined;
}
