import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Everything that is fetched or started for tests and `npm start` lies here and may be deleted at any time. */
export const provisionFolder = join(checkout, '.provision');

/** The project's own Node (24), which also runs this file. */
export const node = process.execPath;
