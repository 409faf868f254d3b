/** `labgate purge` against a running deployment: what is left of it lets its stacks go. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateThingCommand,
  IoTClient,
  ListTargetsForPolicyCommand,
  ListThingsCommand,
} from '@aws-sdk/client-iot';
import { ListObjectVersionsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newPerson, type Result } from '../support/cli.ts';
import { type Lab, openLab } from '../support/lab.ts';

const person = newPerson();
const outputs = join(person.folder, 'outputs.json');
let lab: Lab;
let iot: IoTClient;
let s3: S3Client;

const outputOf = (stack: string, name: string): string =>
  String(lab.gateway.assembly.outputs.get(`labgate-dev-${stack}`)?.[name]);

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  writeFileSync(outputs, JSON.stringify(Object.fromEntries(lab.gateway.assembly.outputs)));
  const client = {
    region: lab.gateway.assembly.region,
    endpoint: lab.gateway.addresses.aws,
    credentials: lab.gateway.iam.operator,
  };
  iot = new IoTClient(client);
  s3 = new S3Client({ ...client, forcePathStyle: true });
});
afterAll(async () => {
  iot.destroy();
  s3.destroy();
  await lab[Symbol.asyncDispose]();
  person[Symbol.dispose]();
});

const purge = (...args: readonly string[]): Promise<Result> => {
  const { accessKeyId, secretAccessKey, sessionToken } = lab.gateway.iam.operator;
  const env = {
    AWS_ENDPOINT_URL: lab.gateway.addresses.aws,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
  return person.run(['purge', ...args], { env });
};

const left = async () => {
  const things = await iot.send(new ListThingsCommand({ thingTypeName: outputOf('devices', 'ThingType') }));
  const targets = await iot.send(
    new ListTargetsForPolicyCommand({ policyName: outputOf('devices', 'DevicePolicy') }),
  );
  const objects = await s3.send(
    new ListObjectVersionsCommand({ Bucket: outputOf('storage', 'ArchiveBucket') }),
  );
  return [things.things?.length ?? 0, targets.targets?.length ?? 0, objects.Versions?.length ?? 0];
};

test('it removes nothing of production, and nothing that nobody said yes to', async () => {
  expect(await purge('--stage', 'prod', '--target', outputs, '--yes')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/prod keeps its data \(data\.onDelete in settings\/prod\.json\)/),
  });
  expect(await purge('--stage', 'dev', '--target', outputs)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/nobody can be asked here: say --yes/),
  });
  expect(await purge('--stage', 'dev', '--yes')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/cdk deploy --outputs-file/),
  });
});

test('it removes things, certificates and objects, and makes an end of the thing type', async () => {
  await lab.createType();
  for (let count = 1; count <= 3; count++) await lab.register(`meter-${count}`);
  const Bucket = outputOf('storage', 'ArchiveBucket');
  for (let first = 0; first < 1_005; first += 67)
    await Promise.all(
      Array.from({ length: 67 }, (_, place) =>
        s3.send(new PutObjectCommand({ Bucket, Key: `archive/ä b/${first + place}`, Body: 'x' })),
      ),
    );
  expect(await left()).toEqual([3, 3, 1_000]);
  const { code, stdout } = await purge('--stage', 'dev', '--target', outputs, '--yes');
  expect(stdout).toMatch(
    /3 things, and 0 certificates without one\n1005 versions of objects\n5 files of the page\n.*cdk destroy/,
  );
  expect(code).toBe(0);
  expect(await left()).toEqual([0, 0, 0]);
  await expect(
    iot.send(new CreateThingCommand({ thingName: 'late', thingTypeName: outputOf('devices', 'ThingType') })),
  ).rejects.toThrow(/deprecated/);
  // Once more is no fault.
  expect(await purge('--stage', 'dev', '--target', outputs, '--yes')).toMatchObject({ code: 0 });
});
