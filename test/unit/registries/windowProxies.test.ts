import assert from 'node:assert/strict';
import { windowProxies } from '../../../src/registries/windowProxies.ts';

describe('the proxies of a window', () => {
  const env = { HTTPS_PROXY: 'http://env.test', NO_PROXY: 'a.test,b.test' };
  const settings = { proxy: 'http://setting.test', except: ['c.test', 1] };

  it('are the editor’s own business unless it leaves requests alone that bring an agent', () => {
    for (const support of ['override', 'fallback', 'off', undefined])
      assert.deepEqual(windowProxies({ ...settings, support }, env), { except: [] });
  });

  it('are those of its settings then, and where these say nothing those of the environment', () => {
    assert.deepEqual(windowProxies({ ...settings, support: 'on' }, env), {
      http: 'http://setting.test',
      https: 'http://setting.test',
      except: ['c.test'],
    });
    assert.deepEqual(windowProxies({ support: 'on', proxy: ' ', except: [] }, env), {
      http: undefined,
      https: 'http://env.test',
      except: ['a.test', 'b.test'],
    });
  });
});
