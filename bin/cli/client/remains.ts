/** What a deployment has made beside its templates, and what would keep AWS from deleting its stacks. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  DeleteCertificateCommand,
  DeleteThingCommand,
  DeprecateThingTypeCommand,
  DetachThingPrincipalCommand,
  type IoTClient,
  ListTargetsForPolicyCommand,
  ListThingPrincipalsCommand,
  ListThingsCommand,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name);

const unlessGone = async (call: Promise<unknown>): Promise<void> => {
  try {
    await call;
  } catch (error) {
    if (!isNamed(error, 'ResourceNotFoundException')) throw error;
  }
};

const TRIES = 6;

/** What was detached is still attached for some seconds, elsewhere in AWS IoT. */
const onceDetached = async (remove: () => Promise<unknown>): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await unlessGone(remove());
    } catch (error) {
      if (tries === TRIES || !isNamed(error, 'DeleteConflictException', 'InvalidRequestException'))
        throw error;
      await delay(250 * 2 ** tries);
    }
  }
};

/** Removes a certificate, with its policies, from what it is attached to. */
const removeCertificate = async (iot: IoTClient, arn: string, things: readonly string[]): Promise<void> => {
  const certificateId = arn.split('/').at(-1) ?? '';
  await unlessGone(iot.send(new UpdateCertificateCommand({ certificateId, newStatus: 'INACTIVE' })));
  for (const thingName of things)
    await unlessGone(iot.send(new DetachThingPrincipalCommand({ thingName, principal: arn })));
  await onceDetached(() => iot.send(new DeleteCertificateCommand({ certificateId, forceDelete: true })));
};

const removeThing = async (iot: IoTClient, thingName: string): Promise<void> => {
  const { principals = [] } = await iot.send(new ListThingPrincipalsCommand({ thingName }));
  for (const arn of principals) await removeCertificate(iot, arn, [thingName]);
  await onceDetached(() => iot.send(new DeleteThingCommand({ thingName })));
};

/**
 * Removes all things of a type, and all certificates with a policy; then nothing can be made of the type any more.
 * @returns how many there were
 */
export const removeDevices = async (
  iot: IoTClient,
  { policy, thingType }: { readonly policy: string; readonly thingType: string },
): Promise<{ readonly things: number; readonly certificates: number }> => {
  await iot.send(new DeprecateThingTypeCommand({ thingTypeName: thingType }));
  let things = 0;
  // Each page is the first: what was on the one before is gone.
  for (;;) {
    const { things: page = [] } = await iot.send(new ListThingsCommand({ thingTypeName: thingType }));
    if (page.length === 0) break;
    for (const { thingName } of page) if (thingName !== undefined) await removeThing(iot, thingName);
    things += page.length;
  }
  let certificates = 0;
  for (;;) {
    const { targets = [] } = await iot.send(new ListTargetsForPolicyCommand({ policyName: policy }));
    if (targets.length === 0) break;
    for (const arn of targets) await removeCertificate(iot, arn, []);
    certificates += targets.length;
  }
  return { things, certificates };
};

/**
 * Deletes every version of every object, and the marks of those that were deleted before.
 * @returns how many there were
 */
export const emptyBucket = async (s3: S3Client, bucket: string): Promise<number> => {
  let deleted = 0;
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket }),
    );
    const found = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (found.length === 0) return deleted;
    const { Errors: [fault] = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: found, Quiet: true } }),
    );
    if (fault !== undefined) throw new Error(`${fault.Key} could not be deleted: ${fault.Message}`);
    deleted += found.length;
  }
};
