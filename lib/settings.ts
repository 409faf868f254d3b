/** Settings of one deployment, read from `settings/{stage}.json`. A wrong setting stops synth with one line. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { LIMITS } from '../contracts/limits.ts';
import { slug } from '../contracts/messages/topics.ts';
import { ROLES } from '../contracts/roles.ts';
import { SERVICES } from '../contracts/routes/services.ts';

const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653] as const;

const retentionSchema = z
  .object({
    hotDays: z.int().min(LIMITS.hotDays).max(3650).meta({
      description:
        'Days for which points stay in the table; longer than data may come late. A change counts for what is written from then on',
    }),
    rollupYears: z.int().min(1).max(100),
    archiveDays: z
      .union([z.int().min(1).max(36_500), z.literal('forever')])
      .meta({ description: 'Days for which files of the archive are kept' }),
  })
  .strict()
  .refine(({ hotDays, archiveDays }) => archiveDays === 'forever' || archiveDays > hotDays, {
    path: ['archiveDays'],
    message: 'must be more than hotDays',
  });

const lasts = ({ archiveDays }: { readonly archiveDays: number | 'forever' }): number =>
  archiveDays === 'forever' ? Number.POSITIVE_INFINITY : archiveDays;

/** What is kept how long, by site. */
export type RetentionClass = z.infer<typeof retentionSchema>;

/**
 * Regions that have all that the stacks are made of: IoT Core, Kinesis, Lambda with streamed answers and arm64, REST APIs,
 * WAF, user pools of Cognito with a domain, Scheduler. Source: the regional tables of those services, 2026-11.
 */
const REGIONS = [
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
] as const;

const reserved = z.int().min(1).max(10_000).nullable();

const settingsSchema = z
  .object({
    region: z.enum(REGIONS),
    data: z
      .object({
        onDelete: z
          .enum(['retain', 'destroy'])
          .meta({ description: 'What becomes of tables, buckets and the key when their stack is deleted' }),
      })
      .strict(),
    stream: z
      .discriminatedUnion('mode', [
        z.object({ mode: z.literal('provisioned'), shards: z.int().min(1).max(500) }).strict(),
        z.object({ mode: z.literal('on-demand') }).strict(),
      ])
      .meta({ description: 'An idle on-demand stream costs three times an idle shard' }),
    streamRetentionHours: z.int().min(24).max(8760),
    ingest: z
      .object({
        batchSize: z.int().min(1).max(10_000),
        batchingWindowSeconds: z.int().min(0).max(300).meta({
          description:
            'How long a batch gathers unless it is full before. Each batch costs a write for each device in it: longer is cheaper, but acks and what queries see come that much later. Live values do not wait',
        }),
        parallelizationFactor: z.int().min(1).max(10),
        memoryMegabytes: z.int().min(128).max(10_240).default(SERVICES.ingest.memoryMegabytes),
        timeoutSeconds: z.int().min(10).max(900).default(SERVICES.ingest.timeoutSeconds),
      })
      .strict(),
    concurrency: z.object({ ingest: reserved, query: reserved }).strict().meta({
      description:
        'Calls at the same time that a function has for itself, and no more. Null: what the account has left; new accounts have too few to reserve any',
    }),
    compaction: z
      .object({
        everyMinutes: z.int().min(2).max(60),
        afterMinutes: z
          .int()
          .min(1)
          .max(1440)
          .meta({ description: 'How long after its end an hour is compacted; longer than ingest may run' }),
        memoryMegabytes: z.int().min(256).max(10_240).default(SERVICES.compaction.memoryMegabytes),
        archiveAfterHours: z
          .int()
          .min(1)
          .max(168)
          .meta({ description: 'How long after its end a day is archived' }),
      })
      .strict(),
    retention: z
      .object({ default: retentionSchema, sites: z.record(slug, retentionSchema).default({}) })
      .strict()
      .refine(
        ({ default: usual, sites }) => lasts(usual) >= Math.max(0, ...Object.values(sites).map(lasts)),
        {
          // Of several rules of S3 that fit an object the one that ends first counts.
          path: ['default', 'archiveDays'],
          message: 'must be the longest of all sites',
        },
      ),
    audit: z
      .object({
        lock: z
          .object({
            mode: z.enum(['compliance', 'governance']).meta({
              description:
                'Who may delete a root before its time: nobody, the root user of the account included, or who holds s3:BypassGovernanceRetention',
            }),
            days: z.int().min(1).max(36_500),
          })
          .strict()
          .optional()
          .meta({ description: 'S3 Object Lock of the daily roots; none when absent' }),
      })
      .strict()
      .default({}),
    logs: z
      .object({
        level: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
        retentionDays: z.literal(LOG_DAYS),
      })
      .strict(),
    api: z
      .object({
        requestsPerSecond: z.int().min(1).max(10_000),
        burst: z.int().min(1).max(5_000),
        accountLogs: z.enum(['managed', 'existing']).meta({
          description:
            'The role by which API Gateway writes logs is one for an account and region: this stage manages it, or somebody else does',
        }),
        allowedOrigins: z
          .array(
            z
              .string()
              .regex(/^https?:\/\/[a-z0-9.-]+(?::\d+)?$/, 'use an origin such as https://lab.example.org'),
          )
          .max(10)
          .default([])
          .meta({
            description:
              'Origins whose pages may call the API; none when absent. Only the first can read what API Gateway itself refuses',
          }),
        firewall: z.boolean().meta({ description: 'AWS WAF in front, from 8 USD a month' }),
        firewallRequestsPerAddress: z.int().min(10).max(2_000_000_000).default(10_000),
      })
      .strict(),
    signIn: z
      .object({
        mfa: z.enum(['required', 'optional']),
        threatProtection: z.boolean().meta({ description: 'Needs the Plus plan of Cognito' }),
        callbackUrls: z.array(z.url()).min(1).max(100),
        domainPrefix: z
          .string()
          .regex(/^(?!.*(?:aws|amazon|cognito))[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/)
          .meta({ description: 'First part of the sign-in address; the account number follows it' }),
      })
      .strict(),
    page: z
      .object({
        domain: z
          .object({
            name: z
              .string()
              .max(253)
              .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/),
            certificateArn: z.string().regex(/^arn:aws:acm:us-east-1:\d{12}:certificate\/[\w-]+$/, {
              message: 'must be the ARN of a certificate in us-east-1: CloudFront takes it from there alone',
            }),
          })
          .strict()
          .optional()
          .meta({ description: 'Where the page and the API are; without it CloudFront gives a name' }),
        webAclArn: z
          .string()
          .regex(/^arn:aws:wafv2:us-east-1:\d{12}:global\/webacl\/[\w-]+\/[\w-]+$/, {
            message: 'must be the ARN of a web ACL for CloudFront, which are in us-east-1',
          })
          .optional(),
      })
      .strict()
      .default({}),
    operations: z
      .object({
        mails: z.array(z.email()).max(10).default([]).meta({
          description: 'Who gets a mail for each alarm, once they have said yes to the mail that asks them',
        }),
        monthlyBudgetDollars: z.number().positive().max(10_000_000).optional().meta({
          description: 'What the whole account may cost a month; those above are told when it costs more',
        }),
      })
      .strict()
      .refine(({ mails, monthlyBudgetDollars }) => monthlyBudgetDollars === undefined || mails.length > 0, {
        path: ['mails'],
        message: 'must name somebody who is told of the budget',
      })
      .default({ mails: [] }),
    programs: z
      .array(z.object({ name: slug, role: z.enum(ROLES) }).strict())
      .max(50)
      .meta({ description: 'Programs that call the API with client credentials, each with one role' }),
  })
  .strict()
  .refine(
    ({ ingest, concurrency, stream }) =>
      stream.mode !== 'provisioned' ||
      (concurrency.ingest ?? Number.POSITIVE_INFINITY) >= stream.shards * ingest.parallelizationFactor,
    {
      path: ['concurrency', 'ingest'],
      message: 'must be at least stream.shards times ingest.parallelizationFactor',
    },
  )
  .refine(({ audit, data }) => audit.lock === undefined || data.onDelete === 'retain', {
    path: ['audit', 'lock'],
    message: 'needs data.onDelete to be retain: a bucket of locked objects cannot be deleted',
  })
  .refine(({ ingest, compaction }) => compaction.afterMinutes * 60 > ingest.timeoutSeconds, {
    // A batch that began before the end of an hour relies on the task that it found there.
    path: ['compaction', 'afterMinutes'],
    message: 'must be longer than ingest.timeoutSeconds',
  });

export type Settings = z.infer<typeof settingsSchema> & { readonly stage: string };

/** A settings file that cannot be used; the message is one line that says what to mend. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Checks the settings of a stage.
 * @param stage name of the deployment: part of every stack's name
 * @throws {SettingsError} naming the first wrong setting
 */
export const parseSettings = (stage: string, input: unknown): Settings => {
  if (!slug.safeParse(stage).success) {
    throw new SettingsError(
      `stage ${JSON.stringify(stage)}: use lower-case letters, digits and inner hyphens`,
    );
  }
  const result = settingsSchema.safeParse(input);
  if (result.success) return { ...result.data, stage };
  const [issue] = result.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'settings' : issue.path.join('.');
  throw new SettingsError(`settings/${stage}.json: ${where}: ${issue?.message ?? 'not valid'}`);
};

/**
 * Reads `settings/{stage}.json`.
 * @param folder the settings folder, as a URL that ends in a slash
 * @throws {SettingsError} when the file is missing, is no JSON, or holds a wrong setting
 */
export const readSettings = (stage: string, folder: URL): Settings => {
  let text: string;
  try {
    text = readFileSync(new URL(`${encodeURIComponent(stage)}.json`, folder), 'utf8');
  } catch (cause) {
    throw new SettingsError(`settings/${stage}.json cannot be read: choose a stage with -c stage=NAME`, {
      cause,
    });
  }
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (cause) {
    throw new SettingsError(`settings/${stage}.json is no JSON: ${String(cause)}`, { cause });
  }
  return parseSettings(stage, input);
};
