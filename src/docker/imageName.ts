/** A name in the two parts that the API takes it in. The tag is empty where none stands. */
export function splitName(name: string): { readonly repository: string; readonly tag: string } {
  const colon = name.lastIndexOf(':');
  // A colon before the last slash belongs to a port.
  if (colon < 0 || name.includes('/', colon)) return { repository: name, tag: '' };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}
