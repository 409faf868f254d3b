/** `labgate purge`: removes what would keep a stage from being destroyed. It asks, and refuses production. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Command, Option } from 'commander';
import * as z from 'zod';
import { readSettings, SettingsError } from '../../../lib/settings.ts';
import { UsageError } from '../client/target.ts';
import { print, tell } from './options.ts';

interface PurgeOptions {
  readonly stage: string;
  readonly target?: string;
  readonly yes?: boolean;
}

const SETTINGS_FOLDER = new URL('../../../settings/', import.meta.url);

const settingsOf = (stage: string): { readonly region: string; readonly onDelete: string } => {
  try {
    const { region, data } = readSettings(stage, SETTINGS_FOLDER);
    return { region, onDelete: data.onDelete };
  } catch (cause) {
    throw cause instanceof SettingsError ? new UsageError(cause.message, { cause }) : cause;
  }
};

/** What a deployment of the stage has told of itself: the file of `cdk deploy --outputs-file`. */
const deployedOf = (stage: string, path: string | undefined) => {
  if (path === undefined)
    throw new UsageError('name the file of `cdk deploy --outputs-file` with --target, or LABGATE_TARGET');
  const outputs = z.object({
    [`labgate-${stage}-storage`]: z.looseObject({ ArchiveBucket: z.string(), AuditRootsBucket: z.string() }),
    [`labgate-${stage}-web`]: z.looseObject({ PageBucket: z.string() }),
    [`labgate-${stage}-devices`]: z.looseObject({ DevicePolicy: z.string(), ThingType: z.string() }),
  });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new UsageError(`target ${path} cannot be read`, { cause });
  }
  const parsed = outputs.safeParse(content);
  if (!parsed.success) throw new UsageError(`target ${path} holds no outputs of a deployment of ${stage}`);
  const {
    ArchiveBucket: archive,
    AuditRootsBucket: auditRoots,
    PageBucket: page,
    DevicePolicy: policy,
    ThingType: thingType,
  } = Object.assign({}, ...Object.values(parsed.data)) as Record<string, string>;
  return {
    buckets: [archive ?? '', auditRoots ?? ''],
    page: page ?? '',
    policy: policy ?? '',
    thingType: thingType ?? '',
  };
};

/** @throws {UsageError} when the answer is another, or nobody can be asked */
const ask = async (stage: string, buckets: readonly string[]): Promise<void> => {
  if (!process.stdin.isTTY) throw new UsageError('nobody can be asked here: say --yes');
  using lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(
    `This removes every device of ${stage} from AWS IoT and every object of ${buckets.join(', ')} and of the page, for good.\nType ${stage} to go on: `,
  );
  if (answer.trim() !== stage) throw new UsageError('nothing was removed');
};

const purge = async ({ stage, target, yes }: PurgeOptions): Promise<void> => {
  const { region, onDelete } = settingsOf(stage);
  if (onDelete === 'retain')
    throw new UsageError(
      `${stage} keeps its data (data.onDelete in settings/${stage}.json): it is not purged`,
    );
  const { buckets, page, policy, thingType } = deployedOf(stage, target);
  if (!yes) await ask(stage, buckets);
  // The SDK is loaded here, and not by `labgate --help`, which knows all commands.
  const { IoTClient } = await import('@aws-sdk/client-iot');
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { emptyBucket, removeDevices } = await import('../client/remains.ts');
  // AWS IoT allows a few calls a second: the SDK slows down by itself.
  const patient = { region, retryMode: 'adaptive', maxAttempts: 10 };
  const iot = new IoTClient(patient);
  const s3 = new S3Client({ ...patient, forcePathStyle: true });
  tell('removing devices ...');
  const { things, certificates } = await removeDevices(iot, { policy, thingType });
  print(`${things} things, and ${certificates} certificates without one`);
  tell('emptying the buckets ...');
  let versions = 0;
  for (const bucket of buckets) versions += await emptyBucket(s3, bucket);
  print(`${versions} versions of objects`);
  print(`${await emptyBucket(s3, page)} files of the page`);
  print(`In five minutes, when AWS IoT lets go of the thing type: npx cdk destroy --all -c stage=${stage}`);
  iot.destroy();
  s3.destroy();
};

/** The `purge` command. */
export const purgeCommand = (): Command =>
  new Command('purge')
    .description('remove the devices and objects of a stage, so that it can be destroyed')
    .requiredOption('--stage <stage>', 'which one; its settings must not retain data')
    .addOption(
      new Option('--target <file>', 'outputs of its deployment (`cdk deploy --outputs-file`)').env(
        'LABGATE_TARGET',
      ),
    )
    .option('--yes', 'do not ask')
    .action(purge);
