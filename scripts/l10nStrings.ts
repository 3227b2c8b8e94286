/** Collects every text that the extension shows through VS Code's l10n. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { failureTemplates } from '../src/core/errors.ts';
import { remarkTexts } from '../src/core/diffRemark.ts';
import { findingTexts } from '../src/core/waste/findings/findingTemplates.ts';
import { problemTemplates } from '../src/core/restore/restoreProblem.ts';
import { checkout } from './provision/places.ts';

/** The first argument of every `l10n.t(…)` in src, every failure's template, every problem's of a restore, every finding's words and every remark's of a comparison; sorted, each once. */
export async function l10nStrings(): Promise<readonly string[]> {
  const found = new Set<string>([
    ...failureTemplates(),
    ...problemTemplates(),
    ...findingTexts(),
    ...remarkTexts(),
  ]);
  for await (const file of glob('src/**/*.ts', { cwd: checkout })) {
    const text = await readFile(join(checkout, file), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && /\bl10n\.t$/.test(node.expression.getText())) {
        const [message] = node.arguments;
        if (message !== undefined && ts.isStringLiteralLike(message)) found.add(message.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return [...found].sort();
}
