/**
 * Environment variables of functions: `lib` sets each together with the grant that it stands for, `lambdas/runtime`
 * reads it. A test holds what is set for a function against what its handler reads.
 */
import * as z from 'zod';

const wholeNumber = z.string().regex(/^\d+$/);

/** Every variable that a function may ask for, with its form. */
export const ENVIRONMENT = {
  /** Name of the table of sites, types, devices and what people do with them. */
  REGISTRY_TABLE: z.string().min(3),
  /** Name of the table of points, summaries and the ledger. */
  MEASUREMENTS_TABLE: z.string().min(3),
  /** Name of the bucket whose folders `archive-prefixes.ts` lists. */
  ARCHIVE_BUCKET: z.string().min(3),
  /** Name of the bucket of the daily roots of the audit. */
  AUDIT_ROOTS_BUCKET: z.string().min(3),
  /** Origins whose pages may read answers, as a JSON list. */
  ALLOWED_ORIGINS: z.string().startsWith('['),
  /** Name of the stream of messages from devices. */
  STREAM_NAME: z.string().min(1),
  /** Address of the queue of exports that are to be made. */
  EXPORTS_QUEUE_URL: z.url(),
  /** Address of the queue of what happened to commands, and of their deadlines. */
  COMMANDS_QUEUE_URL: z.url(),
  /** Address of the queue of alerts that come or go, and of what time asks of them. */
  ALERTS_QUEUE_URL: z.url(),
  /** Identifier of the user pool of people. */
  USER_POOL_ID: z.string().regex(/^[\w-]+_\w+$/),
  /** Address of who issues the tokens of people; its keys are under `/.well-known/jwks.json`. */
  TOKEN_ISSUER: z.url(),
  /** ARN of the role that signs links to the files of exports. */
  EXPORT_LINKS_ROLE: z.string().startsWith('arn:'),
  /** Name of the IoT policy that every device certificate gets. */
  DEVICE_POLICY: z.string().min(1),
  /** Name of the IoT thing type of new things. */
  THING_TYPE: z.string().min(1),
  /** Name of the topic rule that takes measurements. */
  DATA_RULE: z.string().regex(/^\w+$/),
  /** Minutes after its end that an hour is compacted. */
  COMPACT_AFTER_MINUTES: wholeNumber,
  INGEST_WINDOW_SECONDS: wholeNumber,
  /** Hours after its end that a day is archived. */
  ARCHIVE_AFTER_HOURS: wholeNumber,
  /** How long things are kept, as JSON: see `retention.ts`. */
  RETENTION: z.string().min(2),
} as const satisfies Readonly<Record<string, z.ZodType<string>>>;

/** Name of an environment variable. */
export type EnvironmentName = keyof typeof ENVIRONMENT;
