/**
 * The part of the AWS IoT control plane that the application calls: things, certificates, attachments.
 *
 * Actions and resources of `access` are those of the table in the developer guide, "How AWS IoT works with IAM":
 * what knows no resource there asks for `*`.
 */
import type { AwsService } from '../../types.ts';
import { invalid, type Operation, restService } from '../rest.ts';
import { attachments } from './attachments.ts';
import { certificates } from './certificates.ts';
import { type ControlPlaneOptions, notFound } from './context.ts';
import { fleet } from './fleet.ts';
import { things } from './things.ts';

/** Service `iot`. What it answers is on disk. */
export const controlPlane = (options: ControlPlaneOptions): AwsService =>
  restService(
    'iot',
    [
      ...things(options),
      ...certificates(options),
      ...attachments(options),
      ...fleet(options),
      ...described(options),
    ].map((operation) => ({
      ...operation,
      async run(call) {
        const answer = await operation.run(call);
        await options.registry.synced();
        return answer;
      },
    })),
  );

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
