import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. In a bundle, which lies elsewhere, the runner says where it is. */
export const checkout =
  process.env['DRYDOCK_CHECKOUT'] ?? dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Everything that is fetched or started for tests and `npm start` lies here and may be deleted at any time. */
export const provisionFolder = join(checkout, '.provision');

/** The project's own Node (24), which also runs this file. */
export const node = process.execPath;
