/**
 * `Custom::CDKBucketDeployment`: puts files of the assembly into a bucket, as the function of CDK does with
 * `aws s3 sync`. Nothing is invalidated: nothing is cached here.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Origins, replaceOrigins } from '../assembly/origins.ts';
import type { Buckets } from '../endpoint/index.ts';
import { newHead } from '../endpoint/s3/object.ts';
import type { Bucket } from '../endpoint/s3/store.ts';
import type { Assembly, Json, Resource } from '../types.ts';
import { contentTypeOf } from './content-type.ts';
import { filterOf } from './filter.ts';
import { fillIn, type Markers } from './markers.ts';

export const resourceTypes: readonly string[] = ['Custom::CDKBucketDeployment'];

const flag = z.union([z.boolean(), z.stringbool()]);
const texts = z.array(z.string());
const ignored = z.unknown().optional();
const unsupported = (what: string) => z.undefined(`is not supported locally: ${what}`).optional();

const SYSTEM_METADATA = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const;

const schema = z.strictObject({
  ServiceToken: z.string(),
  SourceBucketNames: texts,
  SourceObjectKeys: texts,
  SourceMarkers: z.array(z.record(z.string(), z.json())).default([]),
  SourceMarkersConfig: z
    .array(
      z.strictObject({
        jsonEscape: flag.default(false),
        markerEncodings: unsupported('encodings of single markers'),
      }),
    )
    .default([]),
  DestinationBucketName: z.string(),
  DestinationBucketKeyPrefix: z.string().default(''),
  Extract: z.literal(true, 'is not supported locally: archives are extracted').default(true),
  Prune: flag.default(true),
  Exclude: texts.default([]),
  Include: texts.default([]),
  SystemMetadata: z
    .partialRecord(z.enum(SYSTEM_METADATA, 'is not supported locally'), z.string())
    .default({}),
  UserMetadata: z.record(z.string(), z.string()).default({}),
  DistributionId: ignored,
  DistributionPaths: ignored,
  WaitForDistributionInvalidation: ignored,
  RetainOnDelete: ignored,
  SignContent: ignored,
  OutputObjectKeys: ignored,
  DestinationBucketArn: unsupported('it would be the value of an attribute'),
  OutputObjectVersionIds: unsupported('buckets have no versions here'),
});

type Deployment = z.output<typeof schema>;

/** @throws {Error} naming the deployment and what of it is not supported */
const read = ({ type, stack, logicalId, properties }: Resource): Deployment => {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const path = [...(issue?.path ?? []), ...unknown].map(String).join('.');
  const what = unknown.length > 0 ? 'is not supported locally' : issue?.message;
  throw new Error(`${type} ${stack}/${logicalId}: ${path} ${what}`);
};

/** Files below a folder, with slashes. */
const filesBelow = (folder: string, below = ''): string[] =>
  readdirSync(join(folder, below)).flatMap((name) => {
    const path = below === '' ? name : `${below}/${name}`;
    return statSync(join(folder, path)).isDirectory() ? filesBelow(folder, path) : [path];
  });

/** What the sources hold together, by path; of two files of one path the later counts. */
const contentsOf = (
  { SourceObjectKeys, SourceMarkers, SourceMarkersConfig }: Deployment,
  assembly: Assembly,
  origins: Origins,
): ReadonlyMap<string, Buffer> => {
  const contents = new Map<string, Buffer>();
  SourceObjectKeys.forEach((key, index) => {
    const folder = assembly.assetPath(key);
    if (!statSync(folder).isDirectory())
      throw new Error(`asset ${key} is an archive, which is not supported locally: only folders are`);
    const values = SourceMarkers[index] ?? {};
    const markers: Markers = {
      values: values as Readonly<Record<string, Json>>,
      jsonEscape: SourceMarkersConfig[index]?.jsonEscape ?? false,
    };
    for (const path of filesBelow(folder)) {
      const content = readFileSync(join(folder, path));
      // Only where markers are filled in can there be an address that is known at a deployment alone.
      const filled =
        Object.keys(values).length === 0
          ? content
          : Buffer.from(replaceOrigins(fillIn(content, markers).toString('latin1'), origins), 'latin1');
      contents.set(path, filled);
    }
  });
  return contents;
};

const deploy = async (
  deployment: Deployment,
  bucket: Bucket,
  contents: ReadonlyMap<string, Buffer>,
): Promise<void> => {
  const { DestinationBucketKeyPrefix, Exclude, Include, Prune, SystemMetadata, UserMetadata } = deployment;
  const prefix = DestinationBucketKeyPrefix.replace(/^\/$/, '').replace(/([^/])$/, '$1/');
  const takes = filterOf(Exclude, Include);
  const metadata = Object.entries(UserMetadata).map(([name, value]) => [
    `x-amz-meta-${name.toLowerCase()}`,
    value,
  ]);
  for (const [path, content] of contents) {
    if (!takes(path)) continue;
    const key = `${prefix}${path}`;
    const head = newHead(key, content, undefined, {
      'content-type': contentTypeOf(path),
      ...SystemMetadata,
      ...Object.fromEntries(metadata),
    });
    const before = bucket.head(key);
    const isSame =
      before?.etag === head.etag && JSON.stringify(before.headers) === JSON.stringify(head.headers);
    if (!isSame) await bucket.put(head, content, () => undefined);
  }
  if (!Prune) return;
  for (const { key } of bucket.list()) {
    if (!key.startsWith(prefix)) continue;
    const path = key.slice(prefix.length);
    if (takes(path) && !contents.has(path)) await bucket.delete(key);
  }
};

export interface DeploymentOptions {
  readonly assembly: Assembly;
  readonly buckets: Buckets;
  /** Of AWS, in values that stand in place of markers, and what stands here in their place. */
  readonly origins: Origins;
}

/**
 * Makes all deployments of the assembly, in the order in which the templates have them.
 * @throws {Error} naming what is declared and not supported
 */
export const deployFiles = async ({ assembly, buckets, origins }: DeploymentOptions): Promise<void> => {
  for (const resource of assembly.byType('Custom::CDKBucketDeployment')) {
    const deployment = read(resource);
    const bucket = buckets.get(deployment.DestinationBucketName);
    if (bucket === undefined)
      throw new Error(`${resource.logicalId}: no bucket ${deployment.DestinationBucketName} in the assembly`);
    await deploy(deployment, bucket, contentsOf(deployment, assembly, origins));
  }
};
