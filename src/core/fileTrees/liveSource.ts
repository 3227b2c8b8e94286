/** A container whose files are looked at as they are now. */
export interface ContainerSource {
  readonly kind: 'container';
  readonly id: string;
  readonly name: string;
}

/** What has files that are looked at as they are now. */
export type LiveSource = ContainerSource | { readonly kind: 'volume'; readonly name: string };
