import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { DrydockError, failure, isCancellation, reasonOf } from '../core/errors.ts';
import { ConnectionCut, readBody } from './body.ts';
import type { EngineCall } from './call.ts';

const errorBody = z.object({ message: z.string().min(1) });

const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'ENOTSOCK',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ETIMEDOUT',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
]);

/** Where a fault came up. */
export interface FaultPlace {
  readonly call: string;
  readonly address: string;
  readonly signal?: AbortSignal | undefined;
  /** Whether the engine was asked to change something: then it may have done so before the connection was lost. */
  readonly isChange?: boolean;
}

/** The failure for whatever the transport threw; decided by codes. */
export function translateFault(
  error: unknown,
  { call, address, signal, isChange = false }: FaultPlace,
): Error {
  if (signal?.aborted) return abortError(signal);
  if (error instanceof DrydockError) return error;
  if (error instanceof ConnectionCut) {
    return isChange
      ? failure('engineAnswerCut', { call }, error)
      : failure('streamCut', { call, bytes: error.readBytes }, error);
  }
  if (error instanceof Error && isCancellation(error)) return error;

  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM') return failure('engineDenied', { endpoint: address }, error);
  // The request was on its way; what the engine made of it can't be known.
  if (isChange && (code === 'ECONNRESET' || code === 'EPIPE'))
    return failure('engineAnswerCut', { call }, error);
  if (unreachableCodes.has(code)) return failure('engineUnreachable', { endpoint: address }, error);
  if (code.startsWith('HPE_')) return failure('engineGarbled', { call, reason: reasonOf(error) }, error);
  if (/^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO|HOSTNAME_)/.test(code)) {
    return failure('engineUntrusted', { endpoint: address, reason: reasonOf(error) }, error);
  }
  return failure('unexpected', { reason: reasonOf(error) }, error);
}

/** The failure for an answer whose status says that the engine won't. */
export async function refusalOf(
  response: IncomingMessage,
  call: EngineCall,
  address: string,
): Promise<DrydockError> {
  const reason = await refusalReason(response);
  const status = response.statusCode ?? 0;
  const cause = new Error(`HTTP ${status}: ${reason}`);
  if (status === 404 && call.subject !== undefined) {
    return failure('engineNotFound', { kind: call.subject.kind, name: call.subject.name }, cause);
  }
  if (status === 409) {
    return failure('engineConflict', { name: call.subject?.name ?? call.name, reason }, cause);
  }
  if (status === 401) return failure('engineDenied', { endpoint: address }, cause);
  return failure('engineRefused', { call: call.name, reason }, cause);
}

/** What stands in the body of a refusal; its status line where nothing readable does. */
async function refusalReason(response: IncomingMessage): Promise<string> {
  const statusLine = `${response.statusCode ?? 0} ${response.statusMessage ?? ''}`.trim();
  let text: string;
  try {
    text = (await readBody(response, { call: 'error', limitBytes: 1024 * 1024 })).toString('utf8');
  } catch (error) {
    return `${statusLine} (${reasonOf(error)})`;
  }
  try {
    return reasonOf(errorBody.parse(JSON.parse(text)).message);
  } catch {
    // Proxies answer in plain text or HTML.
    const line = reasonOf(text).slice(0, 200);
    return line === '' ? statusLine : `${statusLine}: ${line}`;
  }
}

/** The AbortError for a signal that fired, its own reason where that is one. */
export function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  if (reason instanceof Error && isCancellation(reason)) return reason;
  return new DOMException('The operation was cancelled', 'AbortError');
}

/** The system's code of an error, or of the first that stands behind it (Node gathers several tries in one). */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) {
    for (const inner of error.errors) {
      const code = codeOf(inner);
      if (code !== '') return code;
    }
  }
  return '';
}
