import type { Finding, Severity } from '../core/waste/findings/finding.ts';
import { findingTemplate } from '../core/waste/findings/findingTemplates.ts';
import type { Wording } from '../views/viewItem.ts';

/** What a finding says and how it is mended, in the reader's language. */
export function findingWords(
  { code, args }: Pick<Finding, 'code' | 'args'>,
  { l10n }: Pick<Wording, 'l10n'>,
): { readonly title: string; readonly fix: string } {
  const { title, fix } = findingTemplate({ code });
  return { title: l10n.t(title, args), fix: l10n.t(fix, args) };
}

export function severityWord(severity: Severity, { l10n }: Pick<Wording, 'l10n'>): string {
  switch (severity) {
    case 'high':
      return l10n.t('high');
    case 'medium':
      return l10n.t('medium');
    case 'low':
      return l10n.t('low');
  }
}
