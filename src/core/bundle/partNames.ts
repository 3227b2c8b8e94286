import { basename, dirname, join } from 'node:path';
import { hexOf, parseDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';

/** A part of a split bundle, as its checksum file tells. */
export interface Part {
  /** Its file's name, without a folder. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly digest: Digest;
}

/** What the checksum file of a split bundle says. */
export interface PartList {
  /** The parts one after another. */
  readonly whole: { readonly digest: Digest; readonly sizeBytes: number };
  readonly parts: readonly Part[];
}

/** More would make names longer than three digits, and nobody carries so many. */
export const mostParts = 999;

/** `app.tar` and 1 ⇒ `app.tar.001` */
export function partName(bundle: string, number: number): string {
  return `${bundle}.${String(number).padStart(3, '0')}`;
}

/** The bundle that a file belongs to: `d/app.tar.002` and `d/app.tar.sha256` ⇒ `d/app.tar`. */
export function bundleOfPart(path: string): string {
  return join(dirname(path), basename(path).replace(/\.(?:\d{3}|sha256)$/, ''));
}

/**
 * The checksum file of a split bundle: a line for each part, as `sha256sum --check` reads it, and before them a comment
 * with what the parts are together.
 */
export function partListText(bundle: string, { whole, parts }: PartList): string {
  const partBytes = parts[0]?.sizeBytes ?? 0;
  return [
    `# ${bundle}: ${parts.length} parts of ${partBytes} bytes, ${whole.sizeBytes} bytes together, sha256 ${hexOf(whole.digest)}`,
    ...parts.map(({ name, digest }) => `${hexOf(digest)}  ${name}`),
    '',
  ].join('\n');
}

const headPattern =
  /: (\d{1,3}) parts of (\d{1,16}) bytes, (\d{1,16}) bytes together, sha256 ([0-9a-f]{64})$/;
const linePattern = /^([0-9a-f]{64}) [ *](.{1,1000})$/;

/** Reads it; undefined where it is the checksum of a file that is not split. Throws `bundlePartsUnclear`. */
export function parsePartList(text: string, bundle: string): PartList | undefined {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  if (!head.startsWith('#')) return undefined;
  const unclear = (reason: string): Error =>
    failure('bundlePartsUnclear', { checksum: `${bundle}.sha256`, reason });
  const [, count, partText, wholeText, hex] = headPattern.exec(head) ?? [];
  if (count === undefined) throw unclear('its first line says nothing of parts');
  const [partBytes, wholeBytes] = [Number(partText), Number(wholeText)];
  if (lines.length !== Number(count) || lines.length === 0) throw unclear('it does not name every part');
  const lastBytes = wholeBytes - partBytes * (lines.length - 1);
  if (lastBytes <= 0 || lastBytes > partBytes) throw unclear('its sizes don’t add up');
  const parts = lines.map((line, at): Part => {
    const [, digest = '', name] = linePattern.exec(line) ?? [];
    if (name !== partName(bundle, at + 1)) throw unclear(`line ${at + 2} is of something else`);
    return {
      name,
      sizeBytes: at === lines.length - 1 ? lastBytes : partBytes,
      digest: parseDigest(`sha256:${digest}`, `${bundle}.sha256`),
    };
  });
  return { whole: { digest: parseDigest(`sha256:${hex ?? ''}`, bundle), sizeBytes: wholeBytes }, parts };
}
