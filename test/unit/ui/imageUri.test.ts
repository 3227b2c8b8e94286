import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { digestOf } from '../../../src/core/digest.ts';
import type { FilePlace } from '../../../src/core/fileTrees/filePlace.ts';
import { exactPath } from '../../../src/core/layers/entryNames.ts';

// The words are VS Code's to translate, and so is how an address is written; what is in it is tested here.
const standIn = `
export const l10n = { t: (text, args) => text.replace(/\\{(\\w+)\\}/g, (_, name) => args[name]) };
export const Uri = { from: (parts) => parts };
`;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vscode'
      ? { url: `data:text/javascript,${encodeURIComponent(standIn)}`, shortCircuit: true }
      : next(specifier, context),
});
const { imageUri, placeOfUri } = await import('../../../src/ui/imageFileSystem.ts');

const imageId = digestOf('image');
const raw = exactPath({ path: '', rawPath: Buffer.from([0x63, 0xe9, 0x5c, 0xff]).toString('base64') });

describe('the address of a file of an image', () => {
  const paths = [
    '',
    'etc/passwd',
    'a b/c%20d#e?f&g=h',
    'photo\u202egnp.exe',
    'line\nbreak',
    `odd/${raw}`,
    'back\\slash/\\u{202e}/\\\\',
    `${'long/'.repeat(800)}end`,
  ];
  const places: readonly FilePlace[] = paths.flatMap((path) => [
    { imageId, path },
    { imageId, tag: 'ghcr.io:443/team/app:1.4', layer: 12, path },
  ]);

  it('leads back to the same place, whatever the name', () => {
    for (const place of places) assert.deepEqual(placeOfUri(imageUri(place)), place);
  });

  it('is another one for each place, and holds nothing that VS Code can’t write down', () => {
    const texts = places.map((place) => {
      const { path, query } = imageUri(place);
      assert.doesNotThrow(() => encodeURIComponent(path), place.path);
      assert.doesNotMatch(path, /[\p{Cc}\p{Cf}]/u);
      return `${path}?${query}`;
    });
    assert.equal(new Set(texts).size, texts.length);
  });

  it('shows whose file it is before its path', () => {
    assert.equal(imageUri({ imageId, tag: 'team/app:1', path: 'etc/a' }).path, '/team∕app:1/etc/a');
    assert.equal(imageUri({ imageId, tag: 'app:1', layer: 2, path: 'etc/a' }).path, '/app:1, layer 3/etc/a');
  });

  it('is not read from what is none', () => {
    for (const query of ['', 'image=app', `image=${imageId}&layer=x`, `image=${imageId}&layer=-1`])
      assert.equal(placeOfUri({ path: '/app/etc', query }), undefined, query);
  });
});
