/** What the firewall sees of a request. */
import type { IncomingHttpHeaders } from 'node:http';

export interface WebRequest {
  readonly method: string;
  /** As sent, with the stage. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly address: string;
}

export type Predicate = (request: WebRequest) => boolean;
