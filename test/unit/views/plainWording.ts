import { fillTemplate } from '../../../src/core/errors.ts';
import type { Wording } from '../../../src/views/viewItem.ts';

/** English, at a time that stands still: one day after the records of the tests were made. */
export const plainWording: Wording = {
  l10n: { t: (message, args = {}) => fillTemplate(message, args) },
  language: 'en',
  nowMs: () => 1_700_000_000_000 + 86_400_000,
};
