import type { Platform } from '../engine/records.ts';

/** `linux/arm64`, `linux/arm/v7`. Source: containerd/platforms, "Format". */
export function platformText({ os, architecture, variant }: PlatformParts): string {
  return [os, architecture, variant ?? ''].filter((part) => part !== '').join('/');
}

type PlatformParts = Omit<Platform, 'variant'> & { readonly variant?: string | undefined };

/** Reads what {@link platformText} writes; undefined for anything else. */
export function tryParsePlatform(text: string): Platform | undefined {
  const match = /^([a-z0-9]{1,30})\/([a-z0-9_]{1,30})(?:\/([a-z0-9.]{1,30}))?$/.exec(text);
  const [, os, architecture, variant] = match ?? [];
  if (os === undefined || architecture === undefined) return undefined;
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

/** Whether `of` is what was chosen: every variant where none was chosen. */
export function matchesPlatform(wanted: Platform, of: PlatformParts): boolean {
  return (
    wanted.os === of.os &&
    wanted.architecture === of.architecture &&
    (wanted.variant === undefined || wanted.variant === (of.variant ?? ''))
  );
}
