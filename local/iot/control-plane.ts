/**
 * The part of the AWS IoT control plane that the application calls: things, certificates, attachments.
 *
 * Actions and resources of `access` are those of the table in the developer guide, "How AWS IoT works with IAM":
 * what knows no resource there asks for `*`.
 */
import { randomUUID } from 'node:crypto';
import { AwsError, type AwsService, type Log } from '../types.ts';
import { BadCsr, type Pki } from './pki.ts';
import type { Certificate, CertificateStatus, Registry, Thing } from './registry.ts';
import { type Call, invalid, type Operation, restService } from './rest.ts';

export interface ControlPlaneOptions {
  readonly registry: Registry;
  readonly pki: Pki;
  /** e.g. `arn:aws:iot:us-east-1:000000000000:` */
  readonly arnPrefix: string;
  readonly account: string;
  /** Names of the policies and thing types of the templates. */
  readonly policies: ReadonlySet<string>;
  readonly thingTypes: ReadonlySet<string>;
  /** `host:port` of the broker; AWS answers a host name and leaves the port to the reader. */
  readonly endpointAddress: () => string;
  readonly log: Log;
}

const NAME = /^[a-zA-Z0-9:_-]{1,128}$/;
const ATTRIBUTE = /^[a-zA-Z0-9_.,@/:#=[\]-]*$/;

/** Service `iot`. */
export const controlPlane = (options: ControlPlaneOptions): AwsService =>
  restService('iot', [
    ...things(options),
    ...certificates(options),
    ...attachments(options),
    ...described(options),
  ]);

const notFound = (what: string): AwsError =>
  new AwsError('ResourceNotFoundException', `${what} does not exist.`, 404);

const things = ({ registry, arnPrefix, thingTypes }: ControlPlaneOptions): readonly Operation[] => {
  const arn = (name: string): string => `${arnPrefix}thing/${name}`;
  const nameOf = ({ path }: Call): string => {
    const name = path['thingName'] ?? '';
    if (!NAME.test(name)) throw invalid(`${JSON.stringify(name)} is not a thing name.`);
    return name;
  };
  const existing = (call: Call): Thing => {
    const name = nameOf(call);
    const thing = registry.thing(name);
    if (thing === undefined) throw notFound(`Thing ${name}`);
    return thing;
  };
  const access = (action: string) => (call: Call) => ({
    action,
    resource: arn(call.path['thingName'] ?? ''),
  });
  const typeOf = (value: unknown): string | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string' || !thingTypes.has(value)) throw notFound(`Thing type ${String(value)}`);
    return value;
  };
  const expectVersion = (thing: Thing, expected: unknown): void => {
    if (expected !== undefined && expected !== null && Number(expected) !== thing.version) {
      throw new AwsError(
        'VersionConflictException',
        `Thing ${thing.name} has version ${thing.version}.`,
        409,
      );
    }
  };
  return [
    {
      route: 'POST /things/{thingName}',
      access(call) {
        const type = call.json()['thingTypeName'];
        return [
          { action: 'iot:CreateThing', resource: arn(call.path['thingName'] ?? '') },
          ...(typeof type === 'string'
            ? [{ action: 'iot:CreateThing', resource: `${arnPrefix}thingtype/${type}` }]
            : []),
        ];
      },
      run(call) {
        const name = nameOf(call);
        const body = call.json();
        const wanted = {
          typeName: typeOf(body['thingTypeName']),
          attributes: attributesOf(body['attributePayload']),
        };
        let thing = registry.thing(name);
        // The same again is answered as the first time.
        if (
          thing !== undefined &&
          !(thing.typeName === wanted.typeName && sameRecord(thing.attributes, wanted.attributes))
        ) {
          throw new AwsError(
            'ResourceAlreadyExistsException',
            `Thing ${name} already exists with different settings.`,
            409,
          );
        }
        if (thing === undefined) {
          thing = { name, id: randomUUID(), version: 1, ...wanted };
          registry.putThing(thing);
        }
        return { thingName: name, thingArn: arn(name), thingId: thing.id };
      },
    },
    {
      route: 'GET /things/{thingName}',
      access: access('iot:DescribeThing'),
      run(call) {
        const thing = existing(call);
        return {
          defaultClientId: thing.name,
          thingName: thing.name,
          thingId: thing.id,
          thingArn: arn(thing.name),
          thingTypeName: thing.typeName,
          attributes: thing.attributes,
          version: thing.version,
        };
      },
    },
    {
      route: 'PATCH /things/{thingName}',
      access: access('iot:UpdateThing'),
      run(call) {
        const thing = existing(call);
        const body = call.json();
        expectVersion(thing, body['expectedVersion']);
        const payload = body['attributePayload'];
        const merge = isRecord(payload) && payload['merge'] === true;
        const given = payload === undefined ? thing.attributes : attributesOf(payload);
        const attributes = merge ? { ...thing.attributes, ...given } : given;
        registry.putThing({
          ...thing,
          typeName:
            body['removeThingType'] === true ? undefined : (typeOf(body['thingTypeName']) ?? thing.typeName),
          // An empty value removes an attribute.
          attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== '')),
          version: thing.version + 1,
        });
        return {};
      },
    },
    {
      route: 'DELETE /things/{thingName}',
      access: access('iot:DeleteThing'),
      run(call) {
        const name = nameOf(call);
        const thing = registry.thing(name);
        // Deleting what is not there succeeds.
        if (thing === undefined) return {};
        expectVersion(thing, call.query.get('expectedVersion') ?? undefined);
        if (registry.certificatesOf(name).size > 0) {
          throw invalid(`Cannot delete. Thing ${name} is still attached to one or more principals`);
        }
        registry.removeThing(name);
        return {};
      },
    },
  ];
};

const certificates = ({ registry, pki, arnPrefix, account }: ControlPlaneOptions): readonly Operation[] => {
  const arn = (id: string): string => `${arnPrefix}cert/${id}`;
  const access = (action: string) => (call: Call) => ({
    action,
    resource: arn(call.path['certificateId'] ?? ''),
  });
  const existing = (call: Call): Certificate => {
    const id = call.path['certificateId'] ?? '';
    const certificate = registry.certificate(id);
    if (certificate === undefined) throw notFound(`Certificate ${id}`);
    return certificate;
  };
  return [
    {
      route: 'POST /certificates',
      access: () => ({ action: 'iot:CreateCertificateFromCsr', resource: '*' }),
      async run(call) {
        const csr = call.json()['certificateSigningRequest'];
        if (typeof csr !== 'string') throw invalid('certificateSigningRequest is missing.');
        const { id, pem } = await pki.signCsr(csr).catch((error: unknown) => {
          throw error instanceof BadCsr ? invalid(error.message, error) : error;
        });
        const now = Date.now();
        const status = call.query.get('setAsActive') === 'true' ? 'ACTIVE' : 'INACTIVE';
        registry.putCertificate({ id, pem, status, created: now, modified: now });
        return { certificateArn: arn(id), certificateId: id, certificatePem: pem };
      },
    },
    {
      route: 'GET /certificates/{certificateId}',
      access: access('iot:DescribeCertificate'),
      run(call) {
        const { id, pem, status, created, modified } = existing(call);
        return {
          certificateDescription: {
            certificateArn: arn(id),
            certificateId: id,
            status,
            certificatePem: pem,
            ownedBy: account,
            creationDate: created / 1000,
            lastModifiedDate: modified / 1000,
            certificateMode: 'DEFAULT',
          },
        };
      },
    },
    {
      route: 'PUT /certificates/{certificateId}',
      access: access('iot:UpdateCertificate'),
      run(call) {
        const certificate = existing(call);
        const status = statusOf(call.query.get('newStatus'));
        registry.putCertificate({ ...certificate, status, modified: Date.now() });
        return {};
      },
    },
    {
      route: 'DELETE /certificates/{certificateId}',
      access: access('iot:DeleteCertificate'),
      run(call) {
        const { id, status } = existing(call);
        if (status === 'ACTIVE') {
          throw new AwsError(
            'CertificateStateException',
            `Certificate ${id} must be deactivated before deletion.`,
            406,
          );
        }
        const force = call.query.get('forceDelete') === 'true';
        if (registry.thingsOf(id).size > 0) {
          throw new AwsError(
            'DeleteConflictException',
            `Things must be detached before deletion (arn: ${arn(id)})`,
            409,
          );
        }
        if (registry.policiesOf(id).size > 0 && !force) {
          throw new AwsError(
            'DeleteConflictException',
            `Certificate policies must be detached before deletion (arn: ${arn(id)})`,
            409,
          );
        }
        registry.removeCertificate(id);
        return {};
      },
    },
  ];
};

const attachments = (options: ControlPlaneOptions): readonly Operation[] => {
  const { registry, arnPrefix, policies, log } = options;
  const certificateOf = (arn: unknown): string => {
    const prefix = `${arnPrefix}cert/`;
    if (typeof arn !== 'string' || !arn.startsWith(prefix))
      throw invalid(`${String(arn)} is not the ARN of a certificate.`);
    const id = arn.slice(prefix.length);
    if (registry.certificate(id) === undefined) throw notFound(`Certificate ${id}`);
    return id;
  };
  const principalOf = (call: Call): string => certificateOf(call.request.headers['x-amzn-principal']);
  const thingOf = (call: Call): string => {
    const name = call.path['thingName'] ?? '';
    if (registry.thing(name) === undefined) throw notFound(`Thing ${name}`);
    return name;
  };
  const policyOf = (call: Call): string => {
    const name = call.path['policyName'] ?? '';
    if (!policies.has(name)) throw notFound(`Policy ${name}`);
    return name;
  };
  const onPrincipal = (action: string) => (call: Call) => ({
    action,
    resource: String(call.request.headers['x-amzn-principal'] ?? '*'),
  });
  const onTarget = (action: string) => (call: Call) => ({
    action,
    resource: String(call.json()['target'] ?? '*'),
  });
  return [
    {
      route: 'PUT /things/{thingName}/principals',
      access: onPrincipal('iot:AttachThingPrincipal'),
      run(call) {
        const type = call.query.get('thingPrincipalType');
        if (type !== null && type !== 'NON_EXCLUSIVE_THING') {
          throw invalid(`thingPrincipalType ${type} is not supported locally.`);
        }
        registry.attachThing(principalOf(call), thingOf(call));
      },
    },
    {
      route: 'DELETE /things/{thingName}/principals',
      access: onPrincipal('iot:DetachThingPrincipal'),
      run(call) {
        registry.detachThing(principalOf(call), thingOf(call));
      },
    },
    {
      route: 'GET /things/{thingName}/principals',
      access: (call) => ({
        action: 'iot:ListThingPrincipals',
        resource: `${arnPrefix}thing/${call.path['thingName']}`,
      }),
      run: (call) => ({
        principals: [...registry.certificatesOf(thingOf(call))].map((id) => `${arnPrefix}cert/${id}`),
      }),
    },
    {
      route: 'GET /principals/things',
      access: onPrincipal('iot:ListPrincipalThings'),
      run: (call) => ({ things: [...registry.thingsOf(principalOf(call))] }),
    },
    {
      route: 'PUT /target-policies/{policyName}',
      access: onTarget('iot:AttachPolicy'),
      run(call) {
        registry.attachPolicy(certificateOf(call.json()['target']), policyOf(call));
      },
    },
    {
      route: 'POST /target-policies/{policyName}',
      access: onTarget('iot:DetachPolicy'),
      run(call) {
        const policy = call.path['policyName'] ?? '';
        if (!policies.has(policy))
          log('warn', 'detaching a policy that the templates do not have', { policy });
        registry.detachPolicy(certificateOf(call.json()['target']), policy);
      },
    },
    {
      route: 'POST /attached-policies/{target}',
      access: (call) => ({ action: 'iot:ListAttachedPolicies', resource: call.path['target'] ?? '*' }),
      run: (call) => ({
        policies: [...registry.policiesOf(certificateOf(call.path['target']))].map((policyName) => ({
          policyName,
          policyArn: `${arnPrefix}policy/${policyName}`,
        })),
      }),
    },
  ];
};

const described = ({ arnPrefix, thingTypes, endpointAddress }: ControlPlaneOptions): readonly Operation[] => [
  {
    route: 'GET /endpoint',
    access: () => ({ action: 'iot:DescribeEndpoint', resource: '*' }),
    run(call) {
      const type = call.query.get('endpointType') ?? 'iot:Data';
      if (type !== 'iot:Data-ATS' && type !== 'iot:Data')
        throw invalid(`endpointType ${type} is not supported locally.`);
      return { endpointAddress: endpointAddress() };
    },
  },
  {
    route: 'GET /thing-types/{thingTypeName}',
    access: (call) => ({
      action: 'iot:DescribeThingType',
      resource: `${arnPrefix}thingtype/${call.path['thingTypeName']}`,
    }),
    run(call) {
      const thingTypeName = call.path['thingTypeName'] ?? '';
      if (!thingTypes.has(thingTypeName)) throw notFound(`Thing type ${thingTypeName}`);
      return { thingTypeName, thingTypeArn: `${arnPrefix}thingtype/${thingTypeName}` };
    },
  },
];

const statusOf = (value: string | null): CertificateStatus => {
  if (value === 'ACTIVE' || value === 'INACTIVE' || value === 'REVOKED') return value;
  throw invalid(`newStatus ${value} is not ACTIVE, INACTIVE or REVOKED.`);
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const attributesOf = (payload: unknown): Readonly<Record<string, string>> => {
  const attributes = isRecord(payload) ? (payload['attributes'] ?? {}) : {};
  if (!isRecord(attributes)) throw invalid('attributes is not an object.');
  const entries = Object.entries(attributes).map(([name, value]): [string, string] => {
    if (!/^[a-zA-Z0-9_.,@/:#-]{1,128}$/.test(name))
      throw invalid(`${JSON.stringify(name)} is not an attribute name.`);
    if (typeof value !== 'string' || value.length > 800 || !ATTRIBUTE.test(value)) {
      throw invalid(`The attribute ${name} has a value that is not allowed.`);
    }
    return [name, value];
  });
  return Object.fromEntries(entries);
};

const sameRecord = (
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): boolean => {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
};
