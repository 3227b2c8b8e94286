import * as z from 'zod';
import { instructionOf, type Instruction } from '../../dockerfile/instruction.ts';
import type { LayeredImage } from '../../layers/layeredImage.ts';
import { withoutSecrets } from './secretText.ts';

const texts = z.array(z.string()).nullish().catch(null);
const keys = z.record(z.string(), z.unknown()).nullish().catch(null);

const runConfig = z
  .looseObject({
    Env: texts,
    Entrypoint: texts,
    Cmd: texts,
    ExposedPorts: keys,
    Labels: z.record(z.string(), z.string()).nullish().catch(null),
    User: z.string().nullish().catch(null),
    Healthcheck: z.looseObject({ Test: texts }).nullish().catch(null),
  })
  .nullish()
  .catch(null);

/** A step of an image's history, oldest first. */
export interface ImageStep {
  readonly instruction: Instruction;
  /** What the tool noted beside it. */
  readonly comment: string;
  /** The layer it made, where that is certain. */
  readonly place?: number;
}

/** What an image's config says, as findings need it. */
export interface ImageFacts {
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly isServing: boolean;
  /** What it runs is no shell for people to type in. */
  readonly hasProgram: boolean;
  readonly hasHealthcheck: boolean;
  readonly steps: readonly ImageStep[];
  /** Its lowest layer was not made by an instruction, or by one that unpacks an archive. */
  readonly isUnpacked: boolean;
  instructionAt(place: number): string | undefined;
}

const shell = /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|a|z|k)?sh$/;
/** `ADD alpine-minirootfs-3.20.tar.gz /`, `ADD file:… /`: what puts a whole root file system into an empty image. */
const rootArchive = /^ADD (?:.*\s)?\/$/s;

export function imageFacts({ config, layers }: LayeredImage): ImageFacts {
  const run = runConfig.parse(config['config']) ?? {};
  const steps = stepsOf(config.history ?? [], layers.length);
  const command = [...(run.Entrypoint ?? []), ...(run.Cmd ?? [])];
  const first = steps.find(({ place }) => place === 0)?.instruction;
  const test = run.Healthcheck?.Test ?? [];
  const byPlace = new Map(steps.map(({ place, instruction }) => [place, instruction.text]));
  return {
    env: run.Env ?? [],
    labels: run.Labels ?? {},
    user: run.User ?? '',
    isServing: Object.keys(run.ExposedPorts ?? {}).length > 0,
    hasProgram: command.length > 0 && !(command.length === 1 && shell.test(command[0] ?? '')),
    hasHealthcheck: test.length > 0 && test[0] !== 'NONE',
    steps,
    isUnpacked: first === undefined || first.keyword === '' || rootArchive.test(first.text),
    instructionAt: (place) => {
      const text = byPlace.get(place);
      return text === undefined || text === '' ? undefined : withoutSecrets(text);
    },
  };
}

type History = NonNullable<LayeredImage['config']['history']>;

function stepsOf(history: History, layerCount: number): readonly ImageStep[] {
  const isCertain = history.filter((step) => step.empty_layer !== true).length === layerCount;
  let place = 0;
  return history.map(({ created_by = '', comment = '', empty_layer }) => ({
    instruction: instructionOf(created_by, comment),
    comment,
    ...(isCertain && empty_layer !== true && { place: place++ }),
  }));
}
