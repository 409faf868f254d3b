/**
 * Checks the permissions that Lambda itself needs of a function's role: to write its logs and to send its traces. As in
 * AWS, a function runs without them. A missing permission is recorded and logged.
 */
import type { AccessRequest, Assembly, Iam, Log } from '../types.ts';
import { AccessDenied } from '../types.ts';
import type { FunctionDefinition } from './definition.ts';

/** A permission that was refused is checked and logged again after this time, not for every event. */
const REFUSED_MS = 60_000;

export class PlatformAccess {
  readonly #iam: Iam;
  readonly #log: Log;
  readonly #definition: FunctionDefinition;
  readonly #requests: readonly AccessRequest[];
  /** When each was last refused, on the clock of `performance.now`. */
  readonly #refused = new Map<AccessRequest, number>();

  constructor(definition: FunctionDefinition, assembly: Assembly, iam: Iam, log: Log, logStream: string) {
    this.#iam = iam;
    this.#log = log;
    this.#definition = definition;
    const group = `arn:aws:logs:${assembly.region}:${assembly.account}:log-group:${definition.logGroup}`;
    const stream = `${group}:log-stream:${logStream}`;
    this.#requests = [
      { action: 'logs:CreateLogStream', resource: stream },
      { action: 'logs:PutLogEvents', resource: stream },
      ...(definition.tracing
        ? [
            { action: 'xray:PutTraceSegments', resource: '*' },
            { action: 'xray:PutTelemetryRecords', resource: '*' },
          ]
        : []),
    ];
  }

  /** @param force checks all, as for a new environment; else one that was refused is checked once a minute at most */
  check(force: boolean): void {
    const now = performance.now();
    for (const request of this.#requests) {
      if (!force && now - (this.#refused.get(request) ?? Number.NEGATIVE_INFINITY) < REFUSED_MS) continue;
      try {
        this.#iam.authorize(this.#definition.roleArn, request);
      } catch (error) {
        if (!(error instanceof AccessDenied)) throw error;
        this.#refused.set(request, now);
        this.#log('error', error.message, { function: this.#definition.name });
      }
    }
  }
}
