import * as z from 'zod';

/** One line of what load and import tell. `error` is what engines said before `errorDetail`. */
export const engineMessage = z.object({
  stream: z.string().nullish().catch(null),
  status: z.string().nullish().catch(null),
  id: z.string().nullish().catch(null),
  progressDetail: z
    .object({ current: z.number().nullish(), total: z.number().nullish() })
    .nullish()
    .catch(null),
  error: z.string().nullish().catch(null),
  errorDetail: z.object({ message: z.string().nullish() }).nullish().catch(null),
});

export type EngineMessage = z.output<typeof engineMessage>;

/** The error in a line, if it is one. */
export function errorIn(message: EngineMessage): string | undefined {
  if (message.errorDetail) return message.errorDetail.message ?? message.error ?? 'unknown error';
  return message.error ?? undefined;
}
