import type { IncomingMessage, ServerResponse } from 'node:http';

/** Codes of distribution-spec 1.1, "Error Codes". */
export type RefusalCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED'
  | 'UNKNOWN';

/** What a request is refused with. The sentence is for who sees it in the log of an engine; it tells no secret. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: RefusalCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: RefusalCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** One request, taken apart. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** Below `/v2/`, decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Fires when the other side is gone or the endpoint closes. */
  readonly signal: AbortSignal;
}

/** Sends a body that is in memory; of a HEAD only its head. */
export function send(
  { response, method }: Asked,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | string = '',
): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'Content-Length': bytes.length, ...headers });
  response.end(method === 'HEAD' ? undefined : bytes);
}

export function sendJson(
  asked: Asked,
  document: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(asked, 200, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(document));
}

/** Tells a refusal as registries do. What comes of the request's body is not read: the connection ends. */
export function refuse(asked: Asked, { status, code, message, headers }: Refusal): void {
  const body = JSON.stringify({ errors: [{ code, message }] });
  const hasBody = !asked.request.complete && asked.method !== 'GET' && asked.method !== 'HEAD';
  const ending = hasBody ? { Connection: 'close' } : {};
  send(asked, status, { 'Content-Type': 'application/json', ...ending, ...headers }, body);
}
