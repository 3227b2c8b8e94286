import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const useCases = ['backup', 'bundle', 'inspect', 'maintenance', 'restore', 'transfer'].map(
  (name) => `./src/core/${name}`,
);
const sharedParts = [
  'diff',
  'fileTrees',
  'layers',
  'loading',
  'packages',
  'recovery',
  'snapshot',
  'snapshotFiles',
  'volumes',
  'waste',
].map((name) => `./src/core/${name}`);

/** Folder rules: `target` may not import `from`, and why. */
const zones = [
  [
    './src/core',
    [
      './src/docker',
      './src/registry',
      './src/cli',
      './src/ui',
      './src/views',
      './src/commands',
      './src/report',
      './src/lens',
    ],
    'core is pure: it knows ports, not who implements or shows them.',
  ],
  ...useCases.map((folder) => [
    folder,
    useCases.filter((other) => other !== folder),
    'use cases do not import each other.',
  ]),
  [
    [...useCases, ...sharedParts],
    ['./src/core/move'],
    'moving is looking at one engine and restoring on another: it stands on both, and neither knows it.',
  ],
  [
    ['./src/core/archive', './src/core/oci', './src/core/engine', './src/core/registry', './src/core/vault'],
    [...useCases, ...sharedParts],
    'use cases stand on formats and ports, never the other way round.',
  ],
  [sharedParts, useCases, 'what several use cases share knows none of them.'],
  [
    './src/core/snapshot',
    sharedParts.filter((folder) => folder !== './src/core/snapshot'),
    'a snapshot is data: who fills, reads or undoes knows it, and it knows nobody.',
  ],
  [
    './src/core/layers',
    ['./src/core/waste', './src/core/fileTrees', './src/core/diff', './src/core/packages'],
    'what is worked out from trees of layers is not known to them.',
  ],
  [
    ['./src/core/fileTrees', './src/core/packages'],
    ['./src/core/waste', './src/core/diff'],
    'trees of files are there to be compared and analyzed, and know nothing of that.',
  ],
  [
    ['./src/docker', './src/registry'],
    ['./src/cli', './src/ui', './src/views', './src/commands', './src/report', './src/extension.ts'],
    'transports serve core and know nobody above it.',
  ],
  [
    './src/commands',
    ['./src/docker', './src/registry', './src/cli'],
    'commands reach an engine only through the port they are given.',
  ],
  [
    ['./src/views', './src/ui', './src/report', './src/lens'],
    ['./src/docker', './src/registry', './src/cli', './src/commands'],
    'views, ui, reports and the lens show; they neither reach an engine nor run commands of their own.',
  ],
  [
    './src/inside',
    [
      './src/docker',
      './src/registry',
      './src/cli',
      './src/commands',
      './src/ui',
      './src/views',
      './src/report',
    ],
    'what is kept of things that are looked into is not known to who shows it.',
  ],
  [
    './src/cli',
    ['./src/ui', './src/views', './src/commands', './src/report', './src/extension.ts'],
    'the CLI runs without VS Code.',
  ],
  [
    './src/report/app',
    [
      './src/report/historyPanel.ts',
      './src/report/snapshotPanel.ts',
      './src/report/diffPanel.ts',
      './src/report/diffPanels.ts',
    ],
    'the browser side knows the protocol and nothing of the host.',
  ],
  [
    './src/report/app',
    ['./src/core'],
    'the browser side takes from core only what imports nothing and runs in any browser.',
    [
      './messageShapes.ts',
      './quantity.ts',
      './diff/diffPageData.ts',
      './diff/diffPageStrings.ts',
      './fileTrees/visibleName.ts',
    ],
  ],
].map(([target, from, message, except]) => ({ target, from, message, ...(except && { except }) }));

const noVscode = {
  name: 'vscode',
  message:
    'This folder runs in plain Node and in tests; VS Code belongs to extension, commands, views, ui, report.',
};
const noDockerode = [
  { name: 'dockerode', message: 'Only src/docker talks to the engine’s client.' },
  { name: 'docker-modem', message: 'Only src/docker talks to the engine’s client.' },
];

export default tseslint.config(
  { ignores: ['dist/', 'out/', '.provision/', 'node_modules/', 'test/fixtures/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/report/app/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.js'] } } },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-default-export': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': ['error', { paths: [...noDockerode] }],
    },
  },
  {
    files: ['src/core/**', 'src/cli/**', 'src/docker/**', 'src/registry/**'],
    rules: {
      'no-restricted-imports': ['error', { paths: [noVscode, ...noDockerode] }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression[source.value="vscode"]', message: noVscode.message },
      ],
    },
  },
  {
    files: ['src/docker/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [noVscode] }] },
  },
  {
    files: ['test/**', 'scripts/**'],
    rules: {
      'no-console': 'off',
      'no-restricted-imports': 'off',
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
    },
  },
);
