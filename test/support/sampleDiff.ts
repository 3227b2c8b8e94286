import { digestOf } from '../../src/core/digest.ts';
import { fileChangeKinds, type DiffReport, type FileChange } from '../../src/core/diff/diffReport.ts';
import type { FileFacts } from '../../src/core/layers/treeNode.ts';
import { seededRandom } from './archives/seededRandom.ts';

/** Names that a page must show and never obey. */
export const hostileNames = [
  'srv/<img src=x onerror=alert(1)>.html',
  'srv/</script><script>alert(2)</script>.js',
  'srv/right\u202eto-left.txt',
  'srv/line\nbreak\tand\u0000nul',
  'srv/no-utf8-\udcff\udc80',
  'srv/"quoted" & \'single\' <!--',
];

/** A report as of two releases of a web application, with every kind of change, the same for the same seed. */
export function sampleDiff({
  fileCount = 400,
  seed = 7,
}: { readonly fileCount?: number; readonly seed?: number } = {}): DiffReport {
  const random = seededRandom(seed);
  const share = (): number => random.below(1_000_000) / 1_000_000;
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const folders = [
    'app/node_modules/react/cjs',
    'app/node_modules/lodash',
    'app/node_modules/typescript/lib',
    'app/dist/assets',
    'usr/lib/x86_64-linux-gnu',
    'usr/lib/python3/dist-packages/yaml',
    'usr/share/doc/openssl',
    'usr/share/locale/de/LC_MESSAGES',
    'usr/bin',
    'etc/ssl/certs',
    'etc/nginx/conf.d',
    'var/lib/dpkg/info',
    'var/log',
    'opt/tools/bin',
  ];
  const stems = [
    'index',
    'main',
    'libcrypto',
    'runtime',
    'vendor',
    'locale',
    'worker',
    'README',
    'config',
    'server',
    'schema',
    'chunk',
  ];
  const ends = ['js', 'so.3', 'json', 'css', 'txt', 'map', 'py', 'mo', 'conf', 'list'];
  const paths = new Set(hostileNames);
  while (paths.size < fileCount)
    paths.add(
      `${pick(folders)}/${fileCount > 5_000 ? `part-${Math.floor((share() * fileCount) / 40)}/` : ''}${pick(stems)}-${random.below(10 * fileCount).toString(36)}.${pick(ends)}`,
    );
  const files = [...paths].sort().map((path): FileChange => {
    const kind = share() < 0.45 ? pick(['added', 'content'] as const) : pick(fileChangeKinds);
    const size = Math.floor(2 ** (share() * 12 + (path.includes('.so') ? 9 : 4)) * 10);
    const left = facts(path, 'before', size);
    const right = facts(path, 'after', Math.floor(size * (0.6 + share())));
    switch (kind) {
      case 'added':
        return { path, kind, right, fields: [] };
      case 'removed':
        return { path, kind, left, fields: [] };
      case 'content':
        return { path, kind, left, right, fields: share() < 0.3 ? ['mode', 'time'] : ['time'] };
      case 'metadata':
        return {
          path,
          kind,
          left,
          right: { ...left, mode: 0o755, uid: 1000, gid: 1000 },
          fields: ['mode', 'owner'],
        };
      case 'type':
        return {
          path,
          kind,
          left,
          right: { ...left, type: 'symlink', sizeBytes: 0, link: '../lib/elsewhere' },
          fields: ['link'],
        };
      case 'moved':
        return { path, kind, from: `old/${path}`, left, right: left, fields: [] };
    }
  });
  return {
    left: { name: 'shop/web:1.4.2', kind: 'image', fileCount: 12_840, sizeBytes: 412_633_120 },
    right: { name: 'shop/web:1.5.0', kind: 'image', fileCount: 12_911, sizeBytes: 438_912_004 },
    strictness: 'semantic',
    files,
    config: [
      { setting: 'Env NODE_VERSION', left: '22.9.0', right: '24.1.0' },
      { setting: 'Env FEATURE_FLAGS', right: 'checkout,search' },
      { setting: 'User', left: 'root', right: 'node' },
      { setting: 'ExposedPorts 9229/tcp', left: 'yes' },
    ],
    history: [
      { kind: 'same', keyword: 'ADD', text: 'ADD rootfs.tar.xz /', isEmpty: false, sizeBytes: 77_800_000 },
      {
        kind: 'removed',
        keyword: 'RUN',
        text: 'RUN apt-get update && apt-get install -y nginx',
        isEmpty: false,
        sizeBytes: 61_400_000,
      },
      {
        kind: 'added',
        keyword: 'RUN',
        text: 'RUN apt-get update && apt-get install -y --no-install-recommends nginx && rm -rf /var/lib/apt/lists/*',
        isEmpty: false,
        sizeBytes: 22_100_000,
      },
      { kind: 'same', keyword: 'COPY', text: 'COPY dist /app/dist', isEmpty: false, sizeBytes: 8_400_000 },
      { kind: 'added', keyword: 'USER', text: 'USER node', isEmpty: true },
      { kind: 'same', keyword: 'CMD', text: 'CMD ["nginx", "-g", "daemon off;"]', isEmpty: true },
    ],
    packages: [
      {
        manager: 'dpkg',
        name: 'openssl',
        architecture: 'amd64',
        kind: 'upgraded',
        left: '3.0.14-1~deb12u2',
        right: '3.0.15-1~deb12u1',
      },
      {
        manager: 'dpkg',
        name: 'libssl3',
        architecture: 'amd64',
        kind: 'upgraded',
        left: '3.0.14-1~deb12u2',
        right: '3.0.15-1~deb12u1',
      },
      { manager: 'dpkg', name: 'vim-tiny', kind: 'removed', left: '2:9.0.1378-2' },
      { manager: 'npm', name: 'react', kind: 'upgraded', left: '18.3.1', right: '19.0.0' },
      { manager: 'npm', name: 'left-pad', kind: 'added', right: '1.3.0' },
      { manager: 'pip', name: 'PyYAML', kind: 'downgraded', left: '6.0.2', right: '5.4.1' },
    ],
    remarks: [
      {
        template: '{path} on the right is a database that is not read.',
        args: { path: 'var/lib/rpm/Packages' },
      },
    ],
  };
}

function facts(path: string, side: string, sizeBytes: number): FileFacts {
  return {
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes,
    mtime: side === 'before' ? 1_762_000_000 : 1_763_600_000,
    sha256: digestOf(`${side} ${path}`).slice('sha256:'.length),
  };
}
