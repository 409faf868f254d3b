import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DeleteThingCommand,
  DeprecateThingTypeCommand,
  DescribeCertificateCommand,
  DescribeEndpointCommand,
  DescribeThingCommand,
  DescribeThingTypeCommand,
  DetachPolicyCommand,
  DetachThingPrincipalCommand,
  ListAttachedPoliciesCommand,
  ListJobsCommand,
  ListPrincipalThingsCommand,
  ListTargetsForPolicyCommand,
  ListThingPrincipalsCommand,
  ListThingsCommand,
  UpdateCertificateCommand,
  UpdateThingCommand,
} from '@aws-sdk/client-iot';
import { DeleteConnectionCommand, PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  arn,
  devicePolicy,
  ingestRule,
  newCsr,
  resource,
  startWorld,
  type World,
} from '../../support/iot.ts';

const thingType = resource('AWS::IoT::ThingType', 'instrument', {});
let world: World;
beforeAll(async () => {
  world = await startWorld({ resources: [devicePolicy, ingestRule, thingType] });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('things', () => {
  const attributes = { site: 'berlin' };
  const make = (more: object = {}) =>
    world.control.send(
      new CreateThingCommand({ thingName: 't-1', attributePayload: { attributes }, ...more }),
    );

  it('are made once; the same again is answered the same, something else is a conflict', async () => {
    const made = await make({ thingTypeName: 'instrument' });
    expect(made).toMatchObject({ thingName: 't-1', thingArn: arn('thing/t-1') });
    expect((await make({ thingTypeName: 'instrument' })).thingId).toBe(made.thingId);
    await expect(make()).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
    await expect(make({ thingTypeName: 'unheard-of' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await expect(world.control.send(new CreateThingCommand({ thingName: 'a b' }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
  });

  it('change by version', async () => {
    await world.control.send(
      new UpdateThingCommand({
        thingName: 't-1',
        expectedVersion: 1,
        attributePayload: { attributes: { room: '7' }, merge: true },
      }),
    );
    expect(await world.control.send(new DescribeThingCommand({ thingName: 't-1' }))).toMatchObject({
      version: 2,
      thingTypeName: 'instrument',
      attributes: { site: 'berlin', room: '7' },
    });
    await expect(
      world.control.send(new UpdateThingCommand({ thingName: 't-1', expectedVersion: 1 })),
    ).rejects.toMatchObject({ name: 'VersionConflictException' });
  });

  it('go, unless a certificate holds them', async () => {
    const device = await world.device('t-2');
    await expect(world.control.send(new DeleteThingCommand({ thingName: 't-2' }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
    await world.control.send(
      new DetachThingPrincipalCommand({ thingName: 't-2', principal: device.certificateArn }),
    );
    await world.control.send(new DeleteThingCommand({ thingName: 't-2' }));
    await expect(world.control.send(new DescribeThingCommand({ thingName: 't-2' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

describe('certificates', () => {
  it('live from a request to deletion', async () => {
    const { csr } = await newCsr('c-1');
    const made = await world.control.send(
      new CreateCertificateFromCsrCommand({ certificateSigningRequest: csr }),
    );
    const certificateId = made.certificateId ?? '';
    const target = made.certificateArn ?? '';
    expect(target).toBe(arn(`cert/${certificateId}`));
    const described = await world.control.send(new DescribeCertificateCommand({ certificateId }));
    expect(described.certificateDescription).toMatchObject({
      status: 'INACTIVE',
      certificatePem: made.certificatePem,
    });
    await world.control.send(new UpdateCertificateCommand({ certificateId, newStatus: 'ACTIVE' }));
    await world.control.send(new AttachPolicyCommand({ policyName: 'device', target }));
    const remove = (forceDelete = false) =>
      world.control.send(new DeleteCertificateCommand({ certificateId, forceDelete }));
    await expect(remove()).rejects.toMatchObject({ name: 'CertificateStateException' });
    await world.control.send(new UpdateCertificateCommand({ certificateId, newStatus: 'INACTIVE' }));
    await expect(remove()).rejects.toMatchObject({ name: 'DeleteConflictException' });
    await world.control.send(new DetachPolicyCommand({ policyName: 'device', target }));
    await remove();
    await expect(remove()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('are not made from what is no request, or one signed by another key', async () => {
    const attempt = (certificateSigningRequest: string) =>
      world.control.send(new CreateCertificateFromCsrCommand({ certificateSigningRequest }));
    await expect(attempt('nonsense')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    const { csr } = await newCsr('c-2');
    const forged = Buffer.from(csr.replace(/-----[^-]+-----/g, ''), 'base64');
    forged[forged.length - 5] = (forged.at(-5) ?? 0) ^ 1;
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
    await expect(attempt(pem)).rejects.toThrow(/not signed by its own key/);
  });
});

describe('attachments', () => {
  it('are listed from both ends', async () => {
    const device = await world.device('t-3');
    const { certificateArn: principal } = device;
    expect(await world.control.send(new ListThingPrincipalsCommand({ thingName: 't-3' }))).toMatchObject({
      principals: [principal],
    });
    expect(await world.control.send(new ListPrincipalThingsCommand({ principal }))).toMatchObject({
      things: ['t-3'],
    });
    expect(await world.control.send(new ListAttachedPoliciesCommand({ target: principal }))).toMatchObject({
      policies: [{ policyName: 'device', policyArn: arn('policy/device') }],
    });
  });

  it('need both sides to exist', async () => {
    const { certificateArn } = await world.device('t-4');
    const missing = arn('cert/0000');
    for (const command of [
      new AttachThingPrincipalCommand({ thingName: 'none', principal: certificateArn }),
      new AttachThingPrincipalCommand({ thingName: 't-4', principal: missing }),
    ]) {
      await expect(world.control.send(command)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    }
    await expect(
      world.control.send(new AttachPolicyCommand({ policyName: 'none', target: certificateArn })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('the rest', () => {
  it('tells where the broker is and what thing types there are', async () => {
    const { endpointAddress } = await world.control.send(
      new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }),
    );
    expect(endpointAddress).toBe(`127.0.0.1:${world.iot.endpoint.port}`);
    expect(
      await world.control.send(new DescribeThingTypeCommand({ thingTypeName: 'instrument' })),
    ).toMatchObject({
      thingTypeArn: arn('thingtype/instrument'),
    });
  });

  it('lists things, of a type too, and the certificates of a policy, page by page', async () => {
    const { certificateArn: other = '' } = await world.device('t-5');
    const names: (string | undefined)[] = [];
    for (let nextToken: string | undefined, first = true; first || nextToken !== undefined; first = false) {
      const page = await world.control.send(
        new ListThingsCommand({ maxResults: 2, ...(nextToken === undefined ? {} : { nextToken }) }),
      );
      names.push(...(page.things ?? []).map(({ thingName }) => thingName));
      ({ nextToken } = page);
    }
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['t-4', 't-5']));
    const { things } = await world.control.send(new ListThingsCommand({ thingTypeName: 'instrument' }));
    expect(things?.every(({ thingTypeName }) => thingTypeName === 'instrument')).toBe(true);
    const { targets } = await world.control.send(new ListTargetsForPolicyCommand({ policyName: 'device' }));
    expect(targets).toContain(other);
    await expect(
      world.control.send(new ListTargetsForPolicyCommand({ policyName: 'none' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('makes no thing of a type that is deprecated', async () => {
    const deprecate = (undoDeprecate: boolean) =>
      world.control.send(new DeprecateThingTypeCommand({ thingTypeName: 'instrument', undoDeprecate }));
    const make = () =>
      world.control.send(new CreateThingCommand({ thingName: 't-6', thingTypeName: 'instrument' }));
    await deprecate(false);
    await expect(make()).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await deprecate(true);
    expect(await make()).toMatchObject({ thingName: 't-6' });
  });

  it('refuses an operation it does not know by name', async () => {
    await expect(world.control.send(new ListJobsCommand({}))).rejects.toThrow(/GET \/jobs is not supported/);
  });

  it('publishes nothing on reserved topics or beyond the limits', async () => {
    for (const [topic, payload] of [
      ['$aws/things/a', 'x'],
      ['a/b/c/d/e/f/g/h/i', 'x'],
      ['a/+', 'x'],
    ] as const) {
      await expect(
        world.data.send(new PublishCommand({ topic, payload: Buffer.from(payload) })),
      ).rejects.toMatchObject({ name: 'InvalidRequestException' });
    }
    await expect(
      world.data.send(new PublishCommand({ topic: 'a', payload: Buffer.alloc(128 * 1024 + 1) })),
    ).rejects.toMatchObject({ name: 'RequestEntityTooLargeException' });
    await expect(world.data.send(new DeleteConnectionCommand({ clientId: 'nobody' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('asks for the actions and resources of the documentation', async () => {
    await using strict = await startWorld({
      resources: [devicePolicy, thingType],
      forbidden: ['iot:CreateThing', 'iot:Publish'],
    });
    await expect(
      strict.control.send(new CreateThingCommand({ thingName: 't', thingTypeName: 'instrument' })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(strict.data.send(new PublishCommand({ topic: 'a/b c' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    expect(strict.denials.map(({ action, resource: on }) => [action, on])).toEqual([
      ['iot:CreateThing', arn('thing/t')],
      ['iot:Publish', arn('topic/a/b c')],
    ]);
  });
});

describe('a port that is taken', () => {
  it('fails the start with the code that the system gives', async () => {
    await expect(startWorld({ iot: { port: world.iot.endpoint.port } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});

describe('a data folder', () => {
  it('carries authority, certificates and attachments over a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'labgate-iot-'));
    try {
      const first = await startWorld({ dataDir });
      const device = await first.device('ph-1');
      const { ca } = first.iot;
      await first[Symbol.asyncDispose]();
      expect((await stat(join(dataDir, 'iot', 'ca.pem'))).mode & 0o777).toBe(0o600);
      await using second = await startWorld({ dataDir });
      expect(second.iot.ca).toBe(ca);
      const client = await second.connect(device);
      await client.publishAsync('lab/berlin/ph-1/data', 'again', { qos: 1 });
      await second.iot.flush();
      expect(second.puts).toHaveLength(1);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});
