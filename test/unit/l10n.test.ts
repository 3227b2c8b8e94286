import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { l10nStrings } from '../../scripts/l10nStrings.ts';

async function table(path: string): Promise<ReadonlyMap<string, string>> {
  const parsed: unknown = JSON.parse(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8'));
  return new Map(Object.entries(parsed as Record<string, string>));
}

function places(text: string): readonly string[] {
  return [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
}

/** Names of formats and programs, the same in every language. */
const keptNames: ReadonlySet<string> = new Set(['diffID']);

const han = /\p{Script=Han}/u;

describe('languages', () => {
  it('have a Chinese text for every text that is shown, and none that is not', async () => {
    const translated = await table('l10n/bundle.l10n.zh-cn.json');
    assert.deepEqual([...translated.keys()].sort(), await l10nStrings());
  });

  it('keep the places of each text', async () => {
    for (const [english, chinese] of await table('l10n/bundle.l10n.zh-cn.json')) {
      assert.deepEqual(places(chinese), places(english), english);
    }
  });

  it('have the same keys in both files of package.json, all of them used', async () => {
    const english = await table('package.nls.json');
    const chinese = await table('package.nls.zh-cn.json');
    const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const used = new Set([...manifest.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key));
    assert.deepEqual([...english.keys()].sort(), [...used].sort());
    assert.deepEqual([...chinese.keys()].sort(), [...english.keys()].sort());
  });

  it('leave no Chinese text in English', async () => {
    const withoutHan = [...(await table('l10n/bundle.l10n.zh-cn.json'))].filter(
      ([english, chinese]) =>
        !han.test(chinese) && /[a-z]{3}/i.test(english.replace(/\{\w+\}/g, '')) && !keptNames.has(english),
    );
    assert.deepEqual(withoutHan, []);
  });

  it('leave no Chinese text of package.json in English', async () => {
    const withoutHan = [...(await table('package.nls.zh-cn.json'))].filter(
      ([, chinese]) => !han.test(chinese),
    );
    assert.deepEqual(withoutHan, []);
  });

  it('keep the code, the links and the commands of each text', async () => {
    const kept = (text: string): readonly string[] =>
      [...text.matchAll(/`[^`]+`|\]\([^)]+\)|\w+:\/\/[\w/-]*/g)]
        .map(([code]) => code.replace('NAME', '名称'))
        .sort();
    const english = await table('package.nls.json');
    const pairs = [
      ...(await table('l10n/bundle.l10n.zh-cn.json')),
      ...[...(await table('package.nls.zh-cn.json'))].map(
        ([key, chinese]) => [english.get(key) ?? '', chinese] as const,
      ),
    ];
    for (const [text, chinese] of pairs) assert.deepEqual(kept(chinese), kept(text), text);
  });

  it('set Chinese sentences with full-width marks and a space beside Latin words', async () => {
    const badlySet = [
      ...(await table('l10n/bundle.l10n.zh-cn.json')).values(),
      ...(await table('package.nls.zh-cn.json')).values(),
    ].filter((chinese) => {
      const text = chinese.replace(/`[^`]+`/g, 'x').replace(/\]\([^)]+\)|“; ”/g, '');
      return (
        /\p{Script=Han}[,;!?()]|[,;!?()]\p{Script=Han}|\p{Script=Han}\.(\s|$)/u.test(text) ||
        /\p{Script=Han}[A-Za-z0-9{]|[A-Za-z0-9}]\p{Script=Han}/u.test(
          text.replaceAll('{kind}', '物').replaceAll('{verb}', '做'),
        )
      );
    });
    assert.deepEqual(badlySet, []);
  });
});
