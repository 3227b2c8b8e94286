/**
 * Keeps the items of one kind from one building of a tree to the next: VS Code knows an item by the object, and an
 * item that is a new object each time loses its children and its place.
 */
export class ItemKeeper<I extends { readonly key: string }> {
  #kept = new Map<string, I>();
  #next = new Map<string, I>();

  /** The item of `key`, made when it is new. */
  keep(key: string, make: () => I): I {
    const item = this.#kept.get(key) ?? make();
    this.#next.set(key, item);
    return item;
  }

  /** Lets go of the items that were not asked for since the last call. */
  sweep(): void {
    this.#kept = this.#next;
    this.#next = new Map();
  }
}
