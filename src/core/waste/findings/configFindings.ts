import { variableOf } from '../../secretEnv.ts';
import type { Finding } from './finding.ts';
import type { ImageFacts, ImageStep } from './imageFacts.ts';
import { isSecretVariable, secretKindsIn, withoutSecrets } from './secretText.ts';

const noFiles = { isBase: false, savedBytes: 0, wastedBytes: 0, paths: [], pathCount: 0 } as const;

/**
 * What the config and the history of an image give away. `baseLayers` are the base image's: of an image that is nothing
 * else, only secrets are told.
 */
export function configFindings(
  facts: ImageFacts,
  layerCount: number,
  baseLayers: number,
): readonly Finding[] {
  const isOwn = layerCount > baseLayers;
  return [
    ...secretVariables(facts),
    ...secretSteps(facts, baseLayers),
    ...(isOwn ? [...runFindings(facts), ...remoteAdds(facts, baseLayers), ...floatingTags(facts)] : []),
  ];
}

function runFindings({ user, hasProgram, isServing, hasHealthcheck }: ImageFacts): readonly Finding[] {
  const isRoot = /^(?:|0|root)(?::.*)?$/.test(user);
  return [
    ...(isRoot && hasProgram
      ? [{ ...noFiles, code: 'rootUser' as const, severity: 'medium' as const, args: {} }]
      : []),
    ...(isServing && !hasHealthcheck
      ? [{ ...noFiles, code: 'noHealthcheck' as const, severity: 'low' as const, args: {} }]
      : []),
  ];
}

function secretVariables({ env }: ImageFacts): readonly Finding[] {
  return env.flatMap((entry): readonly Finding[] => {
    const [name, value] = variableOf(entry);
    if (!isSecretVariable(name, value)) return [];
    return [{ ...noFiles, code: 'secretVariable', severity: 'high', args: { name } }];
  });
}

/** Steps with a secret in them; one for each step. */
function secretSteps({ steps, env }: ImageFacts, baseLayers: number): readonly Finding[] {
  const told = new Set(env.map((entry) => variableOf(entry)[0]));
  return steps.flatMap((step): readonly Finding[] => {
    const what = secretOf(step, told);
    if (what === undefined) return [];
    const { place, instruction } = step;
    return [
      {
        ...noFiles,
        code: 'secretHistory',
        severity: 'high',
        args: { what },
        instruction: withoutSecrets(instruction.text),
        isBase: place !== undefined && place < baseLayers,
        ...(place !== undefined && { place }),
      },
    ];
  });
}

function secretOf(
  { instruction: { keyword, text, buildArgs } }: ImageStep,
  told: ReadonlySet<string>,
): string | undefined {
  for (const entry of buildArgs) {
    const [name, value] = variableOf(entry);
    if (isSecretVariable(name, value)) return `ARG ${name}`;
  }
  if (keyword === 'ARG' || keyword === 'ENV') {
    const [name, value] = variableOf(text.slice(keyword.length).trim());
    // What is in the environment still is told of there.
    if (keyword === 'ENV' && told.has(name)) return undefined;
    return isSecretVariable(name, value.replace(/^(["'])(.*)\1$/s, '$2')) ? `${keyword} ${name}` : undefined;
  }
  const [kind] = secretKindsIn(text);
  if (kind !== undefined) return kind;
  return /:\/\/[^/\s:@]{1,256}:[^/\s@$]{3,256}@/.test(text) ? 'URL' : undefined;
}

const remoteSource = /(?:^|\s)((?:https?|ftp|git):\/\/\S+|git@\S+)(?=\s)/;

function remoteAdds({ steps }: ImageFacts, baseLayers: number): readonly Finding[] {
  return steps.flatMap(({ instruction: { keyword, text }, place }): readonly Finding[] => {
    const url = keyword === 'ADD' ? remoteSource.exec(text)?.[1] : undefined;
    if (url === undefined || text.includes('--checksum=')) return [];
    return [
      {
        ...noFiles,
        code: 'remoteAdd',
        severity: 'medium',
        args: { url: withoutSecrets(url) },
        instruction: withoutSecrets(text),
        isBase: place !== undefined && place < baseLayers,
        ...(place !== undefined && { place }),
      },
    ];
  });
}

/** What a build started from, as labels, buildah's comments and `COPY --from` name it, where no version is named. */
function floatingTags({ labels, steps }: ImageFacts): readonly Finding[] {
  const named = [
    ...(labels['org.opencontainers.image.base.digest'] === undefined
      ? [labels['org.opencontainers.image.base.name'] ?? '']
      : []),
    ...steps.map(({ comment }) => /^FROM (\S+)$/.exec(comment.trim())?.[1] ?? ''),
    ...steps
      .map(({ instruction: { keyword, text } }) =>
        // A name without either is that of a build stage.
        keyword === 'COPY' ? (/^COPY (?:--\S+ )*--from=(\S+) /.exec(text)?.[1] ?? '') : '',
      )
      .filter((from) => /[/:]/.test(from)),
  ];
  return [...new Set(named)]
    .filter((image) => isFloating(image))
    .map((image) => ({ ...noFiles, code: 'floatingTag', severity: 'low', args: { image } }));
}

function isFloating(image: string): boolean {
  if (image === '' || image === 'scratch' || /@sha256:|^(?:sha256:)?[0-9a-f]{12,64}$/.test(image))
    return false;
  const tag = /:([\w.-]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}
