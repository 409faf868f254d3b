/** Sites, devices and instrument types over HTTP. */
import type { Construct } from 'constructs';
import { LISTING_INDEX } from '../../contracts/deployment/indexes.ts';
import type { DeviceIdentity } from './device-identity.ts';
import { iotArn } from './iot-arn.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface ControlApiProps extends CapabilityProps {
  /** What every registered device gets. */
  readonly identity: DeviceIdentity;
}

/** `control-api`, which makes and ends the identity of devices. */
export class ControlApi extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, identity }: ControlApiProps) {
    super(scope, id, { service: 'control-api', settings });
    this.usesTable(storage, 'registry', ['BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query']);
    this.usesIndex(storage, LISTING_INDEX);
    this.writesAudit(storage, ['UpdateItem']);
    this.makesDevices(identity);
  }

  private makesDevices({ policy, thingType, dataRule }: DeviceIdentity): void {
    this.environment('DEVICE_POLICY', policy.ref);
    this.environment('THING_TYPE', thingType.ref);
    this.environment('DATA_RULE', dataRule);
    this.allowPattern(
      'MakeThings',
      'Each device is a thing of its own, made, moved and removed while the function runs.',
      ['iot:CreateThing', 'iot:DeleteThing', 'iot:UpdateThing'],
      [iotArn(this, 'thing', '*')],
    );
    this.allow(['iot:CreateThing'], [iotArn(this, 'thingtype', thingType.ref)]);
    this.allowPattern(
      'Identity',
      'A certificate that is yet to be made has no name, and the endpoint is that of the account.',
      ['iot:CreateCertificateFromCsr', 'iot:DescribeEndpoint'],
      ['*'],
    );
    this.allowPattern(
      'TieCertificates',
      // IAM knows no policy as the resource of AttachPolicy, only what it is attached to.
      'Each device has a certificate of its own, made and removed while the function runs.',
      [
        'iot:AttachPolicy',
        'iot:AttachThingPrincipal',
        'iot:DeleteCertificate',
        'iot:DetachPolicy',
        'iot:DetachThingPrincipal',
        'iot:UpdateCertificate',
      ],
      [iotArn(this, 'cert', '*')],
    );
    this.allowPattern(
      'CutConnections',
      'Any device may be moved or retired.',
      ['iot:DeleteConnection'],
      [iotArn(this, 'client', '*')],
    );
  }
}
