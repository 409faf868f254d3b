/** Starts the API on hand-made resources, with functions that answer as the test says. */
import { expect } from 'vitest';
import { type ApiOptions, type ApiPart, startApi } from '../../../local/api/index.ts';
import type { CognitoPart } from '../../../local/cognito/index.ts';
import type { Functions, InvokeResult, Resource, StreamingResult } from '../../../local/types.ts';
import {
  assemblyOf,
  FUNCTION_ARN,
  iam,
  type LogLine,
  newLog,
  path,
  poolResources,
} from '../../support/hand-made-assembly.ts';

const encoder = new TextEncoder();

/** What the function of a test answers. */
export interface Answers {
  buffered?: (event: Event) => Promise<InvokeResult> | InvokeResult;
  streamed?: (event: Event) => Promise<StreamingResult>;
}

/** The parts of an event that tests look at. */
export interface Event {
  readonly [key: string]: unknown;
  readonly path: string;
  readonly body: string | null;
  readonly requestContext: {
    readonly [key: string]: unknown;
    readonly authorizer?: { claims: Record<string, string> };
  };
}

export interface Started {
  readonly url: string;
  /** Events that functions were invoked with. */
  readonly events: readonly Event[];
  readonly lines: readonly LogLine[];
  get(to: string, init?: RequestInit): Promise<Response>;
}

export const ok = (payload: unknown): InvokeResult => ({ ok: true, payload });

/** A streamed reply. */
export const stream = (body: AsyncIterable<Uint8Array>): StreamingResult => ({
  statusCode: 200,
  headers: { 'content-type': 'text/plain' },
  multiValueHeaders: {},
  body,
});

const noIssuer: Pick<CognitoPart, 'issuer'> = {
  issuer: (id) => {
    throw new Error(`unexpected use of user pool ${id}`);
  },
};

/** Starts APIs and ends them together. */
export function newHarness() {
  const parts: ApiPart[] = [];
  const start = async (
    resources: readonly Resource[],
    answers: Answers = {},
    cognito: Pick<CognitoPart, 'issuer'> = noIssuer,
    more: Partial<ApiOptions> = {},
  ): Promise<Started> => {
    const events: Event[] = [];
    const record = (arn: string, event: unknown): Event => {
      expect(arn).toBe(FUNCTION_ARN);
      // Events cross to functions as JSON.
      const crossed: Event = JSON.parse(JSON.stringify(event));
      events.push(crossed);
      return crossed;
    };
    const functions: Functions = {
      invoke: async (arn, event) => {
        const crossed = record(arn, event);
        return answers.buffered ? answers.buffered(crossed) : ok({ statusCode: 200, body: 'hello' });
      },
      invokeStreaming: async (arn, event) => {
        const crossed = record(arn, event);
        if (answers.streamed) return answers.streamed(crossed);
        return stream(
          (async function* () {
            yield encoder.encode('hello');
          })(),
        );
      },
      close: () => Promise.resolve(),
    };
    const { log, lines } = newLog();
    const assembly = assemblyOf([...resources, ...poolResources()]);
    const where = { host: '127.0.0.1', port: 0 };
    const part = await startApi({ assembly, iam, log, functions, cognito, ...where, ...more });
    parts.push(part);
    const url = part.address?.url ?? '';
    return { events, lines, url, get: (to, init) => fetch(`${url}${to}`, init) };
  };
  const close = async (): Promise<void> => {
    for (const part of parts.splice(0)) await part.close();
  };
  return { start, close };
}

/** `/v1/devices/{id}/series` and `/v1/{proxy+}`. */
export const tree = [
  path('v1', 'root', 'v1'),
  path('devices', 'v1', 'devices'),
  path('device', 'devices', '{id}'),
  path('series', 'device', 'series'),
  path('rest', 'v1', '{proxy+}'),
];
